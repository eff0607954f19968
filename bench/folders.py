"""Folders that do not pay for each other's deletions.

ext4 without a journal looks past every inode that was freed in the last minutes, one after the
other, in the block group that a folder's files go to: a few thousand of them cost each new file
more than all the rest of a commit. Folders below one with the flag "top of a hierarchy" get groups
of their own, chosen by their names.
"""
import fcntl
import os
import struct
import tempfile

FS_IOC_GETFLAGS, FS_IOC_SETFLAGS = 0x80086601, 0x40086602
FS_TOPDIR_FL = 0x00020000


def spread(folder):
    """What is made in it from now on is spread over the disk; other file systems than ext4 do not
    know of that, and need it not."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flags = bytearray(8)
        fcntl.ioctl(fd, FS_IOC_GETFLAGS, flags)
        value = struct.unpack("l", flags)[0] | FS_TOPDIR_FL
        fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("l", value))
    except OSError:
        pass
    finally:
        os.close(fd)


def apart(folder, name):
    """A path below a folder of its own; by chance, since an earlier run's has deleted files, too."""
    return os.path.join(tempfile.mkdtemp(prefix=f"{name}.", dir=folder), name)
