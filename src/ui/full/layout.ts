export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly form: 'beside' | 'above';
  readonly list: Rectangle | null;
  /** The row of tabs and what they show. */
  readonly pane: Rectangle;
  readonly footer: number;
}

const besideFrom = 140;
/** Heading included. */
const leastList = 4;

/** Where things stand: on a wide terminal the list is beside the pane, else above it; `isZoomed` leaves it out. */
export function layoutOf(size: { columns: number; rows: number }, services: number, isZoomed: boolean): Layout {
  const { columns, rows } = size;
  const footer = rows - 1;
  const body = { x: 0, y: 1, width: columns, height: Math.max(0, rows - 2) };
  if (isZoomed || rows < 10) return { form: 'above', list: null, pane: body, footer };
  if (columns >= besideFrom) {
    const width = Math.min(88, Math.floor(columns * 0.42));
    return {
      form: 'beside',
      list: { ...body, width },
      // A line between them, and a blank.
      pane: { ...body, x: width + 2, width: columns - width - 2 },
      footer,
    };
  }
  const height = Math.min(services + 1, Math.max(leastList, Math.floor(body.height * 0.4)));
  return {
    form: 'above',
    list: { ...body, height },
    pane: { ...body, y: body.y + height, height: body.height - height },
    footer,
  };
}

export function contains({ x, y, width, height }: Rectangle, column: number, row: number): boolean {
  return column >= x && column < x + width && row >= y && row < y + height;
}
