// Who reads a page that renews itself asks for nothing; their hands tell that they are still there.
import { notePresence, Refusal } from "../api.js";

const LEAST_INTERVAL_MS = 60_000;

/** Tell the portal, once a minute at most, that mouse, keys or fingers were moved. */
export function reportPresence(): void {
  let reportedAt = performance.now();
  const report = () => {
    if (performance.now() - reportedAt < LEAST_INTERVAL_MS) return;
    reportedAt = performance.now();
    notePresence().catch((error: unknown) => {
      // Not signed in or no answer: the parts of the page that need an answer say so themselves.
      if (!(error instanceof Refusal)) throw error;
    });
  };
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel"])
    addEventListener(kind, report, { passive: true, capture: true });
}
