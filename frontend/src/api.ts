// What the portal's JSON looks like, and the few questions that pages ask.

export interface Problem {
  slug: string;
  message: string;
  remedy: string;
}

export interface Figure {
  key: string;
  title: string;
  unit: string;
  digits: number;
  description: string;
  threshold: number | null;
  bad_side: "above" | "below";
  target: string | null;
  is_vital: boolean;
}

export interface ImageKind {
  key: string;
  title: string;
  description: string;
  small_of: string | null;
}

export interface Declaration {
  key: string;
  title: string;
  exposure: string;
  exposures: string;
  figures: Figure[];
  images: ImageKind[];
  stages: { key: string; title: string }[];
}

export type ExposureState = "arriving" | "queued" | "running" | "done" | "failed";

export interface Exposure {
  id: number;
  change: number;
  name: string;
  state: ExposureState;
  written_at: string;
  finished_at: string | null;
  size_bytes: number;
  attempts: number;
  problem: Problem | null;
  values: Record<string, number>;
  images: Record<string, string>;
}

export interface Viewer {
  username: string;
  name: string;
  since: string;
}

export interface Console {
  operator: Viewer | null;
  observers: Viewer[];
  is_reachable: boolean | null;
  problem: string | null;
}

export interface Run {
  id: number;
  instrument: string;
  started_at: string;
  scanned_at: string | null;
  problem: Problem | null;
}

export interface Vitals {
  now: string;
  counts: Record<ExposureState, number>;
  lag_seconds: number | null;
  per_hour: number | null;
  newest_result_at: string | null;
}

export interface Status {
  run: Run;
  vitals: Vitals;
  /** Null where the person may not see the instrument any more. */
  console: Console | null;
}

export interface Snapshot extends Status {
  declaration: Declaration;
  may_retry: boolean;
  exposures: Exposure[];
  cursor: number;
  is_complete: boolean;
}

export interface Instrument {
  key: string;
  title: string;
  description: string;
  level: string | null;
  may_operate: boolean;
  console: Console;
  run: number | null;
}

export interface Ticket {
  url: string;
  subprotocols: string[];
  level: string;
  may_operate: boolean;
  /** Control that was taken before this is another window's. */
  issued_at: string;
}

const TIMEOUT_MS = 15_000;

/** A refusal in the server's words, or the lack of an answer in ours (status 0). */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(
    readonly status: number,
    problem: Problem,
  ) {
    super(problem.message);
    this.problem = status === 401 ? { ...problem, remedy: "Load the page again to sign in." } : problem;
  }

  /** Whether the same question may be answered later without anybody doing anything. */
  get isPassing(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

const UNREACHABLE: Problem = {
  slug: "no-answer",
  message: "The cloudlet does not answer.",
  remedy: "The page tries again by itself.",
};

async function ask<Answer>(method: "GET" | "POST", path: string): Promise<Answer> {
  let response: Response;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(path, { method, headers: { accept: "application/json" }, signal });
  } catch {
    throw new Refusal(0, UNREACHABLE);
  }
  if (!response.ok) throw new Refusal(response.status, await problemIn(response));
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

async function problemIn(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem;
  } catch {
    return { ...UNREACHABLE, slug: `http-${response.status}` };
  }
}

export const readInstrument = (key: string) =>
  ask<Instrument>("GET", `/api/instruments/${encodeURIComponent(key)}`);

export const issueTicket = (key: string) =>
  ask<Ticket>("POST", `/api/instruments/${encodeURIComponent(key)}/ticket`);

export const readSnapshot = (run: number, after: number) =>
  ask<Snapshot>("GET", `/api/runs/${run}/snapshot?after=${after}`);

export const retryExposure = (id: number) => ask<Exposure>("POST", `/api/exposures/${id}/retry`);

/** Say that somebody sits at this page: what a page asks for by itself keeps nobody signed in. */
export const notePresence = () => ask<undefined>("POST", "/api/presence");
