// One figure's history: filled points are good, hollow ones beyond the threshold, crosses failed.
import uPlot from "uplot";
import type { Exposure, Figure } from "../api.js";
import { figureText, isBeyond } from "../words.js";
import { colours, whenColoursChange } from "./colours.js";

const SHARED_CURSOR = "run";
const NEAR_PIXELS = 24;
const AXIS_WIDTH = 52;
const TIME_STEPS = [1, 2, 5, 10, 30, 60, 120, 360, 720, 1440].map((minutes) => 60 * minutes);
const TIME_AXIS_HEIGHT = 24;
const PADDING_SECONDS = 30;

export interface Place {
  figure: Figure;
  /** The figure that this one should follow. */
  target: Figure | undefined;
  hasTimeAxis: boolean;
  open: (id: number) => void;
}

export class History {
  private readonly plot: uPlot;
  private exposures: Exposure[] = [];

  constructor(
    private readonly frame: HTMLElement,
    private readonly place: Place,
  ) {
    this.plot = new uPlot(this.options(), [[], [], []], frame);
    this.plot.over.addEventListener("click", () => this.openNearest());
    new ResizeObserver(() => this.plot.setSize(this.size())).observe(frame);
    whenColoursChange(() => this.plot.redraw());
  }

  /** Draw `exposures`, oldest first. */
  show(exposures: Exposure[]): void {
    this.exposures = exposures;
    const { figure, target } = this.place;
    const values = (key: string) =>
      exposures.map(({ state, values }) => (state === "done" ? (values[key] ?? null) : null));
    this.plot.setData([
      exposures.map(({ written_at }) => Date.parse(written_at) / 1000),
      values(figure.key),
      target ? values(target.key) : exposures.map(() => null),
    ]);
  }

  private size(): { width: number; height: number } {
    return { width: Math.max(this.frame.clientWidth, 120), height: Math.max(this.frame.clientHeight, 48) };
  }

  private options(): uPlot.Options {
    const line = (
      colour: keyof ReturnType<typeof colours>,
      width: number,
      dash: number[] = [],
    ): uPlot.Series => ({
      stroke: () => colours()[colour],
      width,
      dash,
      spanGaps: true,
      points: { show: false },
    });
    return {
      ...this.size(),
      legend: { show: false },
      padding: [10, 8, this.place.hasTimeAxis ? 0 : 10, 0],
      cursor: {
        sync: { key: SHARED_CURSOR, scales: ["x", null] },
        drag: { x: false, y: false },
        y: false,
        points: { show: false },
      },
      scales: { x: { range: timeRange }, y: { range: (_plot, low, high) => this.valueRange(low, high) } },
      series: [{}, line("hairline", 1), line("information", 1.5, [4, 3])],
      axes: [this.timeAxis(), this.valueAxis()],
      hooks: { draw: [(plot) => this.drawMarks(plot)] },
    };
  }

  private timeAxis(): uPlot.Axis {
    return {
      ...axisLook(),
      show: this.place.hasTimeAxis,
      size: TIME_AXIS_HEIGHT,
      values: (_plot, ticks) =>
        ticks.map((tick) =>
          new Date(tick * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }),
        ),
      incrs: TIME_STEPS,
      space: 64,
    };
  }

  private valueAxis(): uPlot.Axis {
    const { figure } = this.place;
    return {
      ...axisLook(),
      size: AXIS_WIDTH,
      space: 18,
      incrs: valueSteps(figure.digits),
      values: (_plot, ticks) => ticks.map((tick) => figureText(tick, figure)),
    };
  }

  /** The data with a margin; the threshold too, where it is not so far off that the data would become a line. */
  private valueRange(low: number | null, high: number | null): [number, number] {
    const { threshold, digits } = this.place.figure;
    if (low === null || high === null) return threshold === null ? [0, 1] : [0, threshold * 1.5];
    const span = Math.max(high - low, 10 ** -digits * 4);
    const near = threshold !== null && threshold > low - span && threshold < high + span ? [threshold] : [];
    return [Math.min(low, ...near) - span * 0.15, Math.max(high, ...near) + span * 0.15];
  }

  private drawMarks(plot: uPlot): void {
    this.drawThreshold(plot);
    const radius = 2.5 * devicePixelRatio;
    const floor = plot.bbox.top + plot.bbox.height - 2 * radius;
    const pen = plot.ctx;
    pen.save();
    pen.setLineDash([]);
    pen.lineWidth = 1.25 * devicePixelRatio;
    for (const exposure of this.exposures) {
      const x = plot.valToPos(Date.parse(exposure.written_at) / 1000, "x", true);
      const value = exposure.values[this.place.figure.key];
      if (exposure.state === "failed") drawCross(pen, x, floor, radius);
      else if (value !== undefined)
        drawPoint(pen, x, plot.valToPos(value, "y", true), radius, isBeyond(value, this.place.figure));
    }
    pen.restore();
  }

  private drawThreshold(plot: uPlot): void {
    const { threshold } = this.place.figure;
    const { min, max } = plot.scales["y"] ?? {};
    if (threshold === null || min == null || max == null || threshold < min || threshold > max) return;
    const y = Math.round(plot.valToPos(threshold, "y", true)) + 0.5;
    const { left, width } = plot.bbox;
    const pen = plot.ctx;
    pen.save();
    pen.strokeStyle = colours().attention;
    pen.lineWidth = devicePixelRatio;
    pen.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    pen.beginPath();
    pen.moveTo(left, y);
    pen.lineTo(left + width, y);
    pen.stroke();
    pen.restore();
  }

  private openNearest(): void {
    const { left } = this.plot.cursor;
    if (left === undefined || left < 0 || !this.exposures.length) return;
    const distance = (exposure: Exposure) =>
      Math.abs(this.plot.valToPos(Date.parse(exposure.written_at) / 1000, "x") - left);
    const nearest = this.exposures.reduce((best, other) => (distance(other) < distance(best) ? other : best));
    if (distance(nearest) <= NEAR_PIXELS) this.place.open(nearest.id);
  }
}

function timeRange(_plot: uPlot, low: number | null, high: number | null): [number, number] {
  const end = high ?? Date.now() / 1000;
  return [(low ?? end) - PADDING_SECONDS, end + PADDING_SECONDS];
}

function axisLook(): uPlot.Axis {
  return {
    stroke: () => colours()["text-quiet"],
    grid: { stroke: () => colours().hairline, width: 1 },
    ticks: { show: false },
    font: '11px "Inter Variable", sans-serif',
    gap: 4,
  };
}

function drawPoint(
  pen: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  isHollow: boolean,
): void {
  const { accent, attention, surface } = colours();
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = isHollow ? surface : accent;
  pen.strokeStyle = isHollow ? attention : accent;
  pen.fill();
  pen.stroke();
}

function drawCross(pen: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  pen.strokeStyle = colours().bad;
  pen.beginPath();
  pen.moveTo(x - radius, y - radius);
  pen.lineTo(x + radius, y + radius);
  pen.moveTo(x + radius, y - radius);
  pen.lineTo(x - radius, y + radius);
  pen.stroke();
}

/** Steps of an axis that are no finer than what its labels can tell apart. */
function valueSteps(digits: number): number[] {
  const decades = Array.from({ length: 12 }, (_, place) => 10 ** (place - digits));
  return decades.flatMap((decade) => [decade, 2 * decade, 5 * decade]);
}
