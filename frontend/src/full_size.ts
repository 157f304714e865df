// Either side of the cockpit fills the screen, and goes back.

export function toggleFullSize(side: HTMLElement): void {
  if (document.fullscreenElement === side) void document.exitFullscreen();
  else void side.requestFullscreen();
}
