"""What an operator holds down, and the messages that let go of all of it.

A drag or an arrow key that stays down moves a stage. TigerVNC 1.12 releases the keys of a lost connection but not
its buttons, and a key that a QEMU message pressed is not let go of by a plain key message, so both are tracked
and each is released in its own form.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudlet.access.models import InputTrace, PointerState
from cloudlet.access.rfb.keyboard import USUAL_KEYSYMS
from cloudlet.access.rfb.limits import MAX_HELD_KEYS, MAX_REMEMBERED_KEYSYMS
from cloudlet.access.rfb.messages import ClientMessage, Key, Pointer, QemuKey

__all__ = ["HeldInput"]

_USUAL = frozenset(USUAL_KEYSYMS)


class HeldInput:
    """The keys and buttons that were sent down and not up again."""

    def __init__(self) -> None:
        self._keys: set[int] = set()
        self._qemu_keys: dict[int, int] = {}
        self._pointer: PointerState | None = None
        self._pressed: dict[int, None] = {}
        self._has_scan_codes = False

    @property
    def trace(self) -> InputTrace:
        """What somebody else would have to know to let go of everything."""
        return InputTrace(self._pointer, frozenset(self._pressed), self._has_scan_codes)

    def is_beyond(self, recorded: InputTrace, message: ClientMessage) -> bool:
        """Return whether `message` presses what nobody could let go of who knows no more than `recorded`."""
        match message:
            case Key(is_down=True, keysym=keysym):
                return keysym not in _USUAL and keysym not in recorded.keysyms
            case QemuKey(is_down=True):
                return not recorded.has_scan_codes
            case Pointer(buttons=buttons):
                return buttons != 0 and recorded.pointer is None
        return False

    def announce(self, message: ClientMessage) -> None:
        """Take into the trace what `message` is about to press, so that it can be recorded before it is."""
        match message:
            case Key(is_down=True, keysym=keysym):
                self._remember(keysym)
            case QemuKey(is_down=True):
                self._has_scan_codes = True
            case Pointer(x=x, y=y) if self._pointer is None:
                self._pointer = PointerState(x, y, 0)

    def accept(self, message: ClientMessage) -> bool:
        """Note what `message` presses or lets go of; False where it must not be sent, too much being held."""
        match message:
            case Key(is_down=True, keysym=keysym):
                if not self._has_room(keysym in self._keys):
                    return False
                self._keys.add(keysym)
                self._remember(keysym)
            case Key(keysym=keysym):
                self._keys.discard(keysym)
            case QemuKey(is_down=True, keysym=keysym, keycode=keycode):
                if not self._has_room(keycode in self._qemu_keys):
                    return False
                self._qemu_keys[keycode] = keysym
                self._has_scan_codes = True
            case QemuKey(keycode=keycode):
                self._qemu_keys.pop(keycode, None)
            case Pointer(buttons=buttons, x=x, y=y):
                self._pointer = PointerState(x, y, buttons)
        return True

    def release(self) -> Iterator[ClientMessage]:
        """Yield the messages that let go of everything, buttons first, and forget it."""
        if self._pointer and self._pointer.buttons:
            self._pointer = PointerState(self._pointer.x, self._pointer.y, 0)
            yield Pointer(0, self._pointer.x, self._pointer.y)
        while self._qemu_keys:
            keycode, keysym = self._qemu_keys.popitem()
            yield QemuKey(False, keysym, keycode)
        while self._keys:
            yield Key(False, self._keys.pop())

    def _remember(self, keysym: int) -> None:
        """Remember a symbol as pressed last; those that are held are never forgotten for it."""
        if keysym in _USUAL:
            return
        self._pressed.pop(keysym, None)
        self._pressed[keysym] = None
        if len(self._pressed) > MAX_REMEMBERED_KEYSYMS:
            del self._pressed[next(old for old in self._pressed if old not in self._keys)]

    def _has_room(self, is_repeat: bool) -> bool:
        return is_repeat or len(self._keys) + len(self._qemu_keys) < MAX_HELD_KEYS
