// How the run is doing as a whole: lag, rate, counts.
import type { Vitals } from "../api.js";
import { element, fill } from "../dom.js";
import { secondsText } from "../words.js";

export class Tallies {
  readonly root = element("dl", { class: "tallies" });

  show({ lag_seconds, per_hour, counts }: Vitals): void {
    const waiting = counts.queued + counts.running + counts.arriving;
    fill(
      this.root,
      tally("Lag", "From the camera's finishing an exposure to its result", secondsText(lag_seconds)),
      tally(
        "Rate",
        "Results over the last ten minutes",
        per_hour === null ? "–" : `${Math.round(per_hour).toLocaleString("en")} /h`,
      ),
      tally("Measured", "Exposures with a result", counts.done.toLocaleString("en")),
      tally("Waiting", "Arriving, queued or being measured", waiting.toLocaleString("en")),
      tally(
        "Failed",
        "Exposures that could not be measured",
        counts.failed.toLocaleString("en"),
        counts.failed > 0,
      ),
    );
  }
}

function tally(name: string, meaning: string, text: string, isBad = false): HTMLElement {
  const marks = isBad ? { class: "is-bad" } : {};
  return element("div", { title: meaning }, element("dt", {}, name), element("dd", marks, text));
}
