// The cockpit: the instrument's screen and its live results, side by side.
import { type Console, type Instrument, readInstrument } from "./api.js";
import { ConsolePane } from "./console/pane.js";
import { installDivider } from "./divider.js";
import { required } from "./dom.js";
import { toggleFullSize } from "./full_size.js";
import { installKeys } from "./keys.js";
import { ControlBar } from "./control_bar.js";
import { ResultsPane } from "./results/pane.js";

interface Facts {
  instrument: Instrument;
  username: string;
}

const LOOK_AGAIN_MS = 5_000;

const { instrument, username } = JSON.parse(required("facts").textContent ?? "") as Facts;
const screen = new ConsolePane(instrument.key);
const bar = new ControlBar(username, screen);
const results = new ResultsPane(required("results"), (state) => show(state));

/** Null where the person may not see the instrument any more. */
function show(state: Console | null): void {
  if (state === null) return bar.clear();
  screen.noteAttendance(state, username);
  bar.show(state);
}

/** Until there is a run whose stream tells everything, ask for the instrument now and then. */
async function awaitRun(known: Instrument): Promise<void> {
  show(known.console);
  if (known.run !== null) return results.follow(known.run);
  setTimeout(() => void lookAgain(known), LOOK_AGAIN_MS);
}

async function lookAgain(known: Instrument): Promise<void> {
  const fresh = document.hidden ? known : await readInstrument(known.key).catch(() => known);
  results.showWaiting(fresh.run === null);
  await awaitRun(fresh);
}

installDivider(required("divider"), required("split"));
const screenFull = () => toggleFullSize(required("console-pane"));
required("console-full").addEventListener("click", screenFull);
required("show-keys").addEventListener("click", () => required<HTMLDialogElement>("keys-dialog").showModal());
installKeys({
  "?": () => required<HTMLDialogElement>("keys-dialog").showModal(),
  s: () => screen.focus(),
  c: () => bar.takeControl(),
  n: () => results.openNewest(),
  f: screenFull,
  r: () => toggleFullSize(required("results")),
});
// A page that a browser kept asleep has neither socket nor stream any more.
addEventListener("pageshow", (event) => event.persisted && location.reload());
void screen.open();
void awaitRun(instrument);
