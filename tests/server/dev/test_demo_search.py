"""A search finds the demo's rows, as it finds what was made by the API."""

import asyncio
from pathlib import Path

import httpx

from models.names import camel
from resolvers import organizations
from resolvers.collections.collection import COLLECTIONS
from resolvers.lists.search_words import words_of
from server.dev.demo import SLUG, seed_demo
from server.settings import KEY_FILE
from server.wiring import running
from tests.support.api import serving, settings_of
from tests.support.servers import Backends


async def test_a_search_finds_a_row_of_each_collection_by_a_word_of_each_column(
    own_backends: Backends, tmp_path: Path
) -> None:
    settings = settings_of(own_backends, counterfoil_data=tmp_path)
    await asyncio.to_thread(seed_demo, settings, lambda _line: None)
    key = (settings.counterfoil_data / KEY_FILE).read_text(encoding="utf-8").strip()
    searched = [each for each in COLLECTIONS.values() if each.searched]
    missed = []
    async with (
        running(settings, max_size=2) as runtime,
        serving(settings) as base,
        httpx.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {key}"}) as http,
    ):
        org_id = await organizations.find(runtime, SLUG)
        assert org_id is not None
        for collection in searched:
            for column in collection.searched:
                sql = f"select {column} from {collection.table.name} where {column} is not null order by id limit 1"
                async with runtime.bound(org_id) as connection:
                    word = words_of([await connection.fetchval(sql)])[0]
                listed = camel(collection.name)
                query = f"query($word: String!) {{ {listed}(filter: {{search: $word}}) {{ nodes {{ id }} }} }}"
                body = {"query": query, "variables": {"word": word}}
                answer = (await http.post("/graphql", json=body)).json()
                if not answer["data"][listed]["nodes"]:
                    missed.append(f"{listed}: no row has {word!r}, which is in {column}")
    assert len(searched) > 1
    assert missed == []
