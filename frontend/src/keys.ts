// One key for each action of a page; never while somebody types, and never those meant for the instrument.

export function installKeys(actions: Record<string, () => void>): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    // A dialog that was closed a moment ago may still hold the focus.
    if (target.closest("input, textarea, select, .screen, dialog[open]")) return;
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
