"""Products appear whole or not at all: each is written beside its final name and renamed, without following links."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePath
from typing import BinaryIO

from cloudlet.cryoem.errors import ProductUnwritable
from cloudlet.openat import FileBeneath, PathRefused, make_folder, open_beneath, opened_folder

__all__ = ["atomic_write", "translate_write_errors"]


@contextmanager
def atomic_write(product: FileBeneath) -> Iterator[BinaryIO]:
    """Yield a new file in the product's folder; it gets the product's name when the block ends well, else it is gone.

    The temporary name is unique, so that two workers on the same movie do not meet; what a killed one leaves behind
    begins with a dot and ends in ``.part``. Missing folders are made. From its making to its renaming the file lies in
    the one folder that was opened, whatever others put in that folder's place meanwhile.

    Raises
    ------
    ProductUnwritable
        The folder cannot be made or written or is a link, or the disk is full.
    """
    name = PurePath(product.name).name
    temporary = f".{name}.{os.getpid()}-{secrets.token_hex(4)}.part"
    with translate_write_errors(product), _opened_folder_of(product) as folder:
        descriptor = open_beneath(folder, temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            with suppress(OSError):  # the block's own error is the one to be raised
                os.unlink(temporary, dir_fd=folder)


@contextmanager
def translate_write_errors(product: FileBeneath) -> Iterator[None]:
    """Raise file-system errors as plain sentences about the product.

    Raises
    ------
    ProductUnwritable
        With the file system's reason.
    """
    path = PurePath(str(product))
    try:
        yield
    except PathRefused as cause:
        raise ProductUnwritable(
            f"{path.name} cannot be written into {path.parent}: {cause.strerror}, and links are not followed there.",
            "Remove the link, or name a project folder where there is room, then retry.",
        ) from cause
    except OSError as cause:
        raise ProductUnwritable(
            f"{path.name} cannot be written into {path.parent}: {cause.strerror or cause}.",
            "Make room or get the right to write there, then retry.",
        ) from cause


@contextmanager
def _opened_folder_of(product: FileBeneath) -> Iterator[int]:
    product.folder.mkdir(parents=True, exist_ok=True)
    with opened_folder(product.folder) as project:
        inner, _, _ = product.name.rpartition("/")
        folder = make_folder(project, inner) if inner else os.dup(project)
        try:
            yield folder
        finally:
            os.close(folder)
