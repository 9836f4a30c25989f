"""The charts of reports. Only what draws one imports this package: the library behind it is large."""

import logging

# Before it is loaded: it logs that it makes its list of fonts, and later that it finds none of a name.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
