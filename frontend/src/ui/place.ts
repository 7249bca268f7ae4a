export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Size {
  width: number;
  height: number;
}

const GAP = 4;
const MARGIN = 8;

/** Where a layer goes: below its anchor, above it when there is more room there, and never out of the window. */
export function place(anchor: Box, layer: Size, window: Size): { left: number; top: number } {
  const below = window.height - anchor.bottom - GAP - MARGIN;
  const above = anchor.top - GAP - MARGIN;
  const top = layer.height <= below || below >= above ? anchor.bottom + GAP : anchor.top - GAP - layer.height;
  return {
    left: clamp(anchor.left, MARGIN, window.width - layer.width - MARGIN),
    top: clamp(top, MARGIN, window.height - layer.height - MARGIN)
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
