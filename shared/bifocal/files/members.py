"""Members of a ZIP archive, which are read and never written anywhere."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from bifocal.errors import DamagedFile, EncryptedFile, UnsupportedFormat
from bifocal.files.content import Content

_ENCRYPTED = 0x1


@contextmanager
def opened_archive(content: Content) -> Iterator[zipfile.ZipFile]:
    """The archive that a content is.

    Raises:
        DamagedFile: it is none, or a member of it is damaged.
    """
    with content.opened(), told(), zipfile.ZipFile(content.at_any_place()) as archive:
        yield archive


@contextmanager
def opened_member(
    content: Content, archive: zipfile.ZipFile, name: str | zipfile.ZipInfo, shown: str | None = None
) -> Iterator[Content]:
    """A member of an archive, under the name `shown`.

    Raises:
        EncryptedFile, DamagedFile, UnsupportedFormat: it cannot be read.
        ExtractionLimit: there are too many of them.
    """
    content.budget.open_member()
    info = name if isinstance(name, zipfile.ZipInfo) else archive.getinfo(name)
    if info.flag_bits & _ENCRYPTED:
        raise EncryptedFile("it is encrypted; pack it without a password")
    with told(), archive.open(info) as stream:
        yield content.within(shown or content.name, info.filename, stream)


@contextmanager
def told() -> Iterator[None]:
    """Say of what `zipfile` finds what it means for the file."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, UnicodeDecodeError, struct.error) as error:
        raise DamagedFile(f"the archive is damaged or was cut off ({error}); fetch it again") from None
    except NotImplementedError as error:
        raise UnsupportedFormat(f"the archive is packed in a way that is not read ({error})") from None
