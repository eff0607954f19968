"""PyIceberg's own file system by PyArrow, which takes container/path where a location says
container@host/path."""

from pyiceberg.io.pyarrow import PyArrowFileIO


class AzureFileIO(PyArrowFileIO):
    @staticmethod
    def parse_location(location, properties=None):
        scheme, _, rest = location.partition("://")
        authority, _, path = rest.partition("/")
        container = authority.partition("@")[0]
        return scheme, container, f"{container}/{path}"
