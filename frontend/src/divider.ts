// The divider between two panes: by pointer, by arrow keys, remembered in this browser.

const STORED = "cloudlet-cockpit-split";
const STEP = 2;

export function installDivider(divider: HTMLElement, split: HTMLElement): void {
  const lowest = Number(divider.getAttribute("aria-valuemin"));
  const highest = Number(divider.getAttribute("aria-valuemax"));
  const current = () => Number(divider.getAttribute("aria-valuenow"));

  const place = (percent: number) => {
    const held = Math.round(Math.min(highest, Math.max(lowest, percent)));
    divider.setAttribute("aria-valuenow", String(held));
    split.style.setProperty("--split", `${held}%`);
    localStorage.setItem(STORED, String(held));
  };

  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    split.classList.add("is-being-split");
  });
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const box = split.getBoundingClientRect();
    place((100 * (event.clientX - box.left)) / box.width);
  });
  divider.addEventListener("lostpointercapture", () => split.classList.remove("is-being-split"));
  divider.addEventListener("keydown", (event) => {
    const moves: Record<string, number> = {
      ArrowLeft: current() - STEP,
      ArrowRight: current() + STEP,
      Home: lowest,
      End: highest,
    };
    const wanted = moves[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    place(wanted);
  });
  place(Number(localStorage.getItem(STORED)) || current());
}
