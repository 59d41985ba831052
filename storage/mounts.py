"""Which file system a directory is on: over a network, locks and syncs do not hold."""

import re
from pathlib import Path

from storage.errors import UnusableDatabaseError

MOUNTS = Path("/proc/self/mounts")

# As Linux names them, and those of folders that a desktop shares with a virtual machine.
NETWORK_KINDS = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph"),
        *("9p", "davfs", "glusterfs", "lustre", "gpfs", "beegfs", "orangefs", "pvfs2", "gfs2"),
        *("ocfs2", "vboxsf", "vmhgfs", "prl_fs"),
        *("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.glusterfs"),
        *("fuse.davfs", "fuse.ceph", "fuse.juicefs", "fuse.grpcfuse", "fuse.vmhgfs-fuse"),
    }
)


def kind_of(directory: Path) -> str | None:
    """Return the file system's kind in Linux's own words; None where that cannot be told."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    where, best, kind = directory.resolve(), -1, None
    for line in lines:
        _device, point, found, *_options = line.split(" ")
        parts = Path(_plain(point)).parts
        # A later mount on the same place lies on top of the earlier one.
        if where.parts[: len(parts)] == parts and len(parts) >= best:
            best, kind = len(parts), found
    return kind


def require_local(directory: Path) -> None:
    """Raise UnusableDatabaseError, with a sentence, for a directory on a network file system."""
    kind = kind_of(directory)
    if kind in NETWORK_KINDS:
        raise UnusableDatabaseError(
            f"storage.data_dir {directory} is on a network file system ({kind}), where a commit "
            "may be lost and two bots may run at once. Use a local disk, or set "
            "storage.allow_network_disk = true to take that risk"
        )


def _plain(escaped: str) -> str:
    """Blanks and the like stand in that file as backslash and three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), escaped)
