// The server writes times in UTC; a reader's own zone is known only here.
import { setAttribute, setText } from "../dom.js";
import { instantText } from "../words.js";

/** Write every time below `root` in the reader's zone; the server's text stays as the tooltip. */
export function localiseTimes(root: ParentNode): void {
  for (const time of root.querySelectorAll<HTMLTimeElement>("time[datetime]:not([title])")) {
    const instant = new Date(time.dateTime);
    if (Number.isNaN(instant.getTime())) continue;
    setAttribute(time, "title", time.textContent ?? "");
    setText(time, instantText(instant));
  }
}
