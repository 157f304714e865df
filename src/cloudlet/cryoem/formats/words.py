"""Eight bytes at a time, anywhere in an array of bytes: what decoders copy and read bits with.

numba reads an array element by element and has no way to learn that eight of them may go together. These two
instructions take eight, and check nothing: to compare each place with the array's length costs LZW a fifth of its
speed, EER a seventh.

So they are for loops alone whose every place follows from what was compared before. Such a loop is private to its
module, whose one way in refuses buffers that are too short; its tests compile it a second time with instructions that
check, and run it on buffers that end where memory ends.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["load_word_unchecked", "store_word_unchecked"]

_WORD = ir.IntType(64)


@intrinsic
def load_word_unchecked(typing_context: Any, array: Any, place: Any) -> Any:
    """Return bytes `place` to `place` + 7 of an array of uint8 as a little-endian uint64."""
    signature = types.uint64(array, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], arguments)
        word = builder.load(pointer)
        word.align = 1
        return word

    return signature, generate


@intrinsic
def store_word_unchecked(typing_context: Any, array: Any, place: Any, word: Any) -> Any:
    """Write a uint64 over bytes `place` to `place` + 7 of an array of uint8, little-endian."""
    signature = types.void(array, types.int64, types.uint64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        store = builder.store(arguments[2], _pointer(context, builder, signature.args[0], arguments))
        store.align = 1
        return context.get_dummy_value()

    return signature, generate


def _pointer(context: Any, builder: Any, array: Any, arguments: Any) -> Any:
    data = cgutils.create_struct_proxy(array)(context, builder, arguments[0]).data
    return builder.bitcast(builder.gep(data, [arguments[1]]), _WORD.as_pointer())
