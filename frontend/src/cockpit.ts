// The cockpit: the instrument's screen and its live results, side by side.
import { type Console, type Instrument, readInstrument, Refusal } from "./api.js";
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
const results = new ResultsPane(required("results"), {
  console: (state) => show(state),
  silent: (isSilent) => bar.showAge(isSilent),
});

/** Null where the person may not see the instrument any more. */
function show(state: Console | null): void {
  if (state === null) return bar.clear();
  screen.notePresence(state, username);
  bar.show(state);
}

/** Until there is a run whose stream tells everything, ask for the instrument now and then. */
async function awaitRun(known: Instrument): Promise<void> {
  show(known.console);
  if (known.run !== null) return results.follow(known.run);
  results.showWaiting();
  lookLater();
}

const lookLater = () => setTimeout(() => void lookAgain(), LOOK_AGAIN_MS);

async function lookAgain(): Promise<void> {
  if (document.hidden) {
    bar.showAge(true);
    lookLater();
    return;
  }
  try {
    await awaitRun(await readInstrument(instrument.key));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    results.showProblem(error.problem);
    if (error.isPassing) lookLater();
  }
}

installDivider(required("divider"), required("split"));
const screenFull = () => toggleFullSize(required("console-pane"));
const resultsFull = () => toggleFullSize(required("results"));
required("console-full").addEventListener("click", screenFull);
required("results-full").addEventListener("click", resultsFull);
required("show-keys").addEventListener("click", () => required<HTMLDialogElement>("keys-dialog").showModal());
installKeys({
  "?": () => required<HTMLDialogElement>("keys-dialog").showModal(),
  s: () => screen.focus(),
  c: () => bar.takeControl(),
  n: () => results.openNewest(),
  f: screenFull,
  r: resultsFull,
});
// A page that a browser kept asleep has neither socket nor stream any more.
addEventListener("pageshow", (event) => event.persisted && location.reload());
void screen.open();
void awaitRun(instrument);
