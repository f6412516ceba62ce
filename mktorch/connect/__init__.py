"""Records from one's own exports and databases: read, named, and turned into the sources."""

from mktorch.connect.errors import ConnectError
from mktorch.connect.load import feed_files, load_feeds

__all__ = ["ConnectError", "feed_files", "load_feeds"]
