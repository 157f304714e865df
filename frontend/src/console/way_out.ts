// The way out of the instrument's screen for keyboards: Ctrl+Alt+Shift.
//
// The screen takes every key. The focus leaves only when all three are up again, so that the instrument has seen them
// go up: a modifier that stays down at an instrument is a trap for the next person.

export function installWayOut(screen: HTMLElement, leave: () => void): void {
  let isLeaving = false;
  const watch = (event: KeyboardEvent) => {
    const held = [event.ctrlKey, event.altKey, event.shiftKey];
    if (event.type === "keydown" && held.every(Boolean)) isLeaving = true;
    if (event.type !== "keyup" || !isLeaving || held.some(Boolean)) return;
    isLeaving = false;
    setTimeout(leave);
  };
  screen.addEventListener("keydown", watch, { capture: true });
  screen.addEventListener("keyup", watch, { capture: true });
}
