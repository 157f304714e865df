// Pages without a stream renew their marked regions by asking for themselves again, only while somebody looks.
//
// Old data never looks new: whenever the regions could not be renewed, they turn grey and a sentence says why.
import { setText } from "../dom.js";
import { clockText } from "../words.js";
import { localiseTimes } from "./times.js";

const TIMEOUT_MS = 10_000;
const NO_ANSWER = "The cloudlet does not answer.";
const SIGNED_OUT = "You are signed out. Load the page again to sign in.";
const DENIED = "You may not see this any more.";
const CHANGED = "This page has changed. Load it again.";
const LOOKING = "Looking again.";
const HELD = "What has the focus stands still until you leave it.";

export function renewRegions(): void {
  const periodMs = 1000 * Number(document.body.dataset["refreshSeconds"] ?? 0);
  if (!periodMs) return;
  let readAt = new Date();
  const renew = async () => {
    if (document.hidden) return;
    if (Date.now() - readAt.getTime() > 2 * periodMs) report(LOOKING, readAt);
    const fresh = await currentPage();
    if (typeof fresh === "string") return report(fresh, readAt);
    const isHeld = replaceRegions(fresh);
    if (!isHeld) readAt = new Date();
    report(isHeld ? HELD : "", readAt);
  };
  setInterval(() => void renew(), periodMs);
  document.addEventListener("visibilitychange", () => void renew());
}

/** Return the page as it is now, or why there is none, in a sentence. */
async function currentPage(): Promise<Document | string> {
  try {
    const headers = { accept: "text/html" };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(location.href, { headers, redirect: "manual", signal });
    // A redirect leads to the sign-in; where it leads, scripts do not learn.
    if (answer.type === "opaqueredirect") return SIGNED_OUT;
    if (answer.status === 403) return DENIED;
    if (!answer.ok) return `The cloudlet cannot make this page now (${answer.status}).`;
    return withRegions(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    return NO_ANSWER;
  }
}

/** The home page answers everybody: who has been signed out meanwhile is welcomed there, without any numbers. */
function withRegions(fresh: Document): Document | string {
  if (fresh.querySelector("[data-refresh]")) return fresh;
  return "signedOut" in fresh.body.dataset ? SIGNED_OUT : CHANGED;
}

/** Put what is new into the regions, the inner ones first; true where one stays old because it is in use. */
function replaceRegions(fresh: Document): boolean {
  localiseTimes(fresh);
  const regions = [...document.querySelectorAll<HTMLElement>("[data-refresh]")].reverse();
  return regions.map((region) => isHeldAfter(fresh, region)).some(Boolean);
}

function isHeldAfter(fresh: Document, region: HTMLElement): boolean {
  const replacement = fresh.getElementById(region.id);
  const isOld = replacement !== null && replacement.innerHTML !== region.innerHTML;
  const isHeld = isOld && region.contains(document.activeElement);
  if (isOld && !isHeld) region.replaceChildren(...document.importNode(replacement, true).childNodes);
  region.classList.toggle("is-held", isHeld);
  return isHeld;
}

/** Tell why the regions are as old as `readAt`; "" where they are not. */
function report(complaint: string, readAt: Date): void {
  document.body.classList.toggle("is-stale", complaint !== "" && complaint !== HELD);
  const note = document.querySelector<HTMLElement>(".stale-note");
  if (!note) return;
  note.hidden = complaint === "";
  setText(note, complaint && `${complaint} What you see is from ${clockText(readAt)}.`);
}
