"""Reports: requested through the API, computed by a worker of one snapshot, read and downloaded."""
