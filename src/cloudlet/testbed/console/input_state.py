"""What hands do to the controls: one pointer, one keyboard, whoever moves them.

Theory of operation. The pointer belongs to the screen, not to a viewer: a button that one viewer holds stays
down until a pointer message without it arrives from anybody, even after that viewer has gone. While the left
button is down, at most one control is pressed. Keys are known by keysym; the server sends the key-up for viewers
that are lost. What is typed into a field is accepted by Enter, Tab, or a click elsewhere, and dropped by Escape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cloudlet.errors import CloudletError
from cloudlet.testbed.console import keys
from cloudlet.testbed.console.controls import Button, Control, Field, Hold, Trigger
from cloudlet.testbed.console.widgets import ControlState
from cloudlet.testbed.microscope import Microscope, Tone

__all__ = ["InputState"]

_REPEAT_AFTER_SECONDS = 0.4
_REPEAT_EVERY_SECONDS = 0.1
_LONGEST_TYPED = 9
_LEFT = 1


class InputState:
    """Pointer, keyboard, focus, and the text that is being typed.

    Parameters
    ----------
    controls
        In the order in which Tab goes through them.
    microscope
        What the controls act on.
    monotonic
        Seconds, for buttons that repeat.
    """

    def __init__(self, controls: Sequence[Control], microscope: Microscope, monotonic: Callable[[], float]) -> None:
        self._controls = controls
        self._microscope = microscope
        self._monotonic = monotonic
        self._buttons = 0
        self._pressed: Control | None = None
        self._focused: Control | None = None
        self._typed: str | None = None
        self._keys: set[int] = set()
        self._moving: dict[str, tuple[int, int]] = {}
        self._repeat_at = 0.0

    @property
    def is_holding(self) -> bool:
        """Whether a button or key is held down, so that time itself may change something."""
        return self._pressed is not None or bool(self._keys)

    def look(self, control: Control) -> ControlState:
        """Return how hands change the way `control` is drawn."""
        is_focused = control is self._focused
        is_pressed = control is self._pressed or control.name in self._moving
        return ControlState(is_focused, is_pressed, self._typed if is_focused else None)

    def pointer(self, x: int, y: int, buttons: int) -> bool:
        """Move the pointer to a pixel, with the mask of buttons that are down (bit 0: left).

        Returns
        -------
        bool
            Whether the left button went down or up, so that something may look different.
        """
        was_down, is_down = self._buttons & _LEFT, buttons & _LEFT
        self._buttons = buttons
        if is_down and not was_down:
            self._press(x, y)
        elif was_down and not is_down:
            self._release(x, y)
        return was_down != is_down

    def key(self, keysym: int, *, is_down: bool) -> None:
        """Press or release a key; a press that comes again while it is held is a repeat."""
        is_repeat = keysym in self._keys
        if is_down:
            self._keys.add(keysym)
            self._key_down(keysym, is_repeat=is_repeat)
        else:
            self._keys.discard(keysym)
            self._move(f"key {keysym}", None)

    def tick(self) -> None:
        """Let a held - or + act again when its time has come."""
        button = self._pressed
        if isinstance(button, Button) and button.trigger is Trigger.REPEAT and self._monotonic() >= self._repeat_at:
            self._repeat_at = self._monotonic() + _REPEAT_EVERY_SECONDS
            self._fire(button)

    def _press(self, x: int, y: int) -> None:
        self._accept()
        hit = next((control for control in self._controls if control.rect.holds(x, y)), None)
        if hit is None:
            return
        self._focused = hit
        if isinstance(hit, Field):
            return
        self._pressed = hit
        if isinstance(hit, Hold):
            self._move(hit.name, hit.direction)
        elif hit.trigger is Trigger.REPEAT:
            self._repeat_at = self._monotonic() + _REPEAT_AFTER_SECONDS
            self._fire(hit)

    def _release(self, x: int, y: int) -> None:
        hit, self._pressed = self._pressed, None
        if isinstance(hit, Hold):
            self._move(hit.name, None)
        elif isinstance(hit, Button) and hit.trigger is Trigger.CLICK and hit.rect.holds(x, y):
            self._fire(hit)

    def _key_down(self, keysym: int, *, is_repeat: bool) -> None:
        if keysym in keys.ARROWS:
            self._move(f"key {keysym}", keys.ARROWS[keysym])
        elif keysym in keys.TAB:
            self._accept()
            self._walk(-1 if self._keys & keys.SHIFT or keysym == keys.BACK_TAB else 1)
        elif isinstance(self._focused, Field):
            self._type(keysym)
        elif keysym in keys.ENTER | keys.SPACE:
            self._push(keysym, is_repeat=is_repeat)

    def _push(self, keysym: int, *, is_repeat: bool) -> None:
        """Press the focused button by key."""
        if isinstance(self._focused, Hold):
            self._move(f"key {keysym}", self._focused.direction)
        elif isinstance(self._focused, Button) and (self._focused.trigger is Trigger.REPEAT or not is_repeat):
            self._fire(self._focused)

    def _type(self, keysym: int) -> None:
        if keysym in keys.CHARACTERS:
            self._typed = ((self._typed or "") + keys.CHARACTERS[keysym])[:_LONGEST_TYPED]
        elif keysym in keys.BACKSPACE:
            self._typed = (self._typed or "")[:-1]
        elif keysym in keys.ESCAPE:
            self._typed = None
        elif keysym in keys.ENTER:
            self._accept()

    def _accept(self) -> None:
        """Hand over what was typed; an empty text changes nothing."""
        text, self._typed = self._typed, None
        if text and isinstance(self._focused, Field):
            field = self._focused
            self._try(lambda microscope: field.commit(microscope, text))

    def _walk(self, step: int) -> None:
        """Move the focus along the controls, round the end."""
        here = self._controls.index(self._focused) if self._focused else -1 if step > 0 else 0
        self._focused = self._controls[(here + step) % len(self._controls)]

    def _move(self, holder: str, direction: tuple[int, int] | None) -> None:
        """Let `holder` (an arrow or a key) move the stage, or let go of it."""
        before = dict(self._moving)
        if direction is None:
            self._moving.pop(holder, None)
        else:
            self._moving[holder] = direction
        if self._moving != before:
            along_x = sum(x for x, _ in self._moving.values())
            along_y = sum(y for _, y in self._moving.values())
            self._microscope.jog(max(-1, min(along_x, 1)), max(-1, min(along_y, 1)))

    def _fire(self, button: Button) -> None:
        if button.face(self._microscope.snapshot()).is_enabled:
            self._try(button.act)

    def _try(self, act: Callable[[Microscope], None]) -> None:
        try:
            act(self._microscope)
        except CloudletError as refusal:
            self._microscope.note(str(refusal), Tone.BAD)
