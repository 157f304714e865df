// One connection to a console, from ticket to end.
import RFB from "@novnc/novnc";
import { issueTicket, type Ticket } from "../api.js";

export interface Ending {
  /** The gateway's close code, 1006 where the line broke. */
  code: number;
  /** The gateway's sentence, where it gave one. */
  reason: string;
}

export interface ConnectionListener {
  connected(ticket: Ticket): void;
  ended(ending: Ending): void;
}

/**
 * The connection makes the socket itself: noVNC does not tell why a socket was closed, and the gateway's sentence is what
 * the person needs.
 */
export class Connection {
  private constructor(
    private readonly rfb: RFB,
    private readonly socket: WebSocket,
  ) {}

  /** Get a ticket and connect; throws the server's refusal. */
  static async open(
    instrument: string,
    target: HTMLElement,
    listener: ConnectionListener,
  ): Promise<Connection> {
    const ticket = await issueTicket(instrument);
    const socket = new WebSocket(ticket.url, ticket.subprotocols);
    let closing: CloseEvent | null = null;
    socket.addEventListener("close", (event) => (closing = event));
    const rfb = new RFB(target, socket, { shared: true });
    prepare(rfb, ticket);
    const connection = new Connection(rfb, socket);
    rfb.addEventListener("connect", () => listener.connected(ticket));
    rfb.addEventListener("disconnect", () => listener.ended(ending(closing)));
    return connection;
  }

  focus(): void {
    this.rfb.focus({ preventScroll: true });
  }

  blur(): void {
    this.rfb.blur();
  }

  close(): void {
    if (this.socket.readyState <= WebSocket.OPEN) this.rfb.disconnect();
  }

  /** Whether keys and clicks stay in the page; the screen lets go of the keyboard then. */
  set isObserving(value: boolean) {
    if (value !== this.rfb.viewOnly) this.rfb.viewOnly = value;
  }
}

function prepare(rfb: RFB, ticket: Ticket): void {
  rfb.scaleViewport = true;
  rfb.resizeSession = false;
  rfb.focusOnClick = true;
  rfb.background = "transparent";
  rfb.viewOnly = !ticket.may_operate;
}

function ending(closing: CloseEvent | null): Ending {
  return { code: closing?.code ?? 1006, reason: closing?.reason ?? "" };
}
