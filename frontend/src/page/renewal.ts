// Pages without a stream renew their marked regions by asking for themselves again, only while somebody looks.
import { clockText } from "../words.js";
import { localiseTimes } from "./times.js";

const TIMEOUT_MS = 10_000;

export function renewRegions(): void {
  const seconds = Number(document.body.dataset["refreshSeconds"] ?? 0);
  if (!seconds) return;
  let readAt = new Date();
  const renew = async () => {
    if (document.hidden) return;
    const fresh = await currentPage();
    if (fresh) {
      readAt = new Date();
      replaceRegions(fresh);
    }
    showAge(fresh ? null : readAt);
  };
  setInterval(() => void renew(), seconds * 1000);
  document.addEventListener("visibilitychange", () => void renew());
}

async function currentPage(): Promise<Document | null> {
  try {
    const headers = { accept: "text/html" };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(location.href, { headers, redirect: "error", signal });
    if (!answer.ok) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null;
  }
}

function replaceRegions(fresh: Document): void {
  localiseTimes(fresh);
  for (const region of document.querySelectorAll<HTMLElement>("[data-refresh]")) {
    const replacement = fresh.getElementById(region.id);
    const isInUse = region.contains(document.activeElement);
    if (!replacement || isInUse || replacement.innerHTML === region.innerHTML) continue;
    region.replaceChildren(...replacement.childNodes);
  }
}

function showAge(readAt: Date | null): void {
  document.body.classList.toggle("is-stale", readAt !== null);
  const note = document.querySelector<HTMLElement>(".stale-note");
  if (!note) return;
  note.hidden = readAt === null;
  note.textContent = readAt ? `The cloudlet does not answer. What you see is from ${clockText(readAt)}.` : "";
}
