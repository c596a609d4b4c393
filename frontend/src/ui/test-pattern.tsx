import type { VNode } from "preact";

import { t } from "../i18n";

const WIDTH = 640;
const HEIGHT = 240;
const PATCHES = 18;
const PATCH = 34;
const STEP = 4; // of 255, how a patch's corners differ from it

const grey = (level: number): string => {
  const value = Math.round(Math.min(255, Math.max(0, level)));
  return `rgb(${value} ${value} ${value})`;
};

/**
 * What the screen has to show, after TG18-QC (AAPM On-line Report 03) and SMPTE RP 133: 18 steps of
 * grey from 8 to 248, each with corners 4 levels off; 0/5 % and 95/100 % squares; lines one and
 * two pixels apart along both axes; a frame and a grid that show stretching and cut edges.
 */
export function TestPattern(): VNode {
  const scale = scaleHere();
  return (
    <svg
      class="pattern"
      width={WIDTH * scale}
      height={HEIGHT * scale}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      shape-rendering="crispEdges"
      role="img"
      aria-label={t("display.title")}
    >
      <rect width={WIDTH} height={HEIGHT} fill={grey(128)} />
      <Grid />
      {Array.from({ length: PATCHES }, (_, at) => (
        <Patch key={at} at={at} />
      ))}
      <Square x={150} outer={0} inner={0.05 * 255} />
      <Square x={410} outer={255} inner={0.95 * 255} />
      <Lines x={30} y={130} apart={1} />
      <Lines x={540} y={130} apart={2} />
    </svg>
  );
}

/**
 * How many of the page's pixels one of the pattern's is: a whole number of the screen's own, also
 * where the page or the system enlarges by a share of one, which would smear the lines.
 */
function scaleHere(): number {
  const fits = Math.floor((0.9 * innerWidth * devicePixelRatio) / WIDTH);
  return Math.max(1, Math.min(Math.floor(devicePixelRatio), fits)) / devicePixelRatio;
}

/** Steps of grey from left to right, each with a lighter and a darker pair of corners. */
function Patch({ at }: { at: number }): VNode {
  const level = 8 + (at * 240) / (PATCHES - 1);
  const x = (WIDTH - PATCHES * PATCH) / 2 + at * PATCH;
  const y = 24;
  const far = PATCH - 10;
  const corner = (dx: number, dy: number, by: number): VNode => (
    <rect x={x + dx} y={y + dy} width="8" height="8" fill={grey(level + by)} />
  );
  return (
    <g>
      <rect x={x} y={y} width={PATCH} height={PATCH} fill={grey(level)} />
      {corner(2, 2, STEP)}
      {corner(far, far, STEP)}
      {corner(far, 2, -STEP)}
      {corner(2, far, -STEP)}
    </g>
  );
}

function Square({ x, outer, inner }: { x: number; outer: number; inner: number }): VNode {
  return (
    <g>
      <rect x={x} y="100" width="80" height="110" fill={grey(outer)} />
      <rect x={x + 22} y="137" width="36" height="36" fill={grey(inner)} />
    </g>
  );
}

/** Black and white lines along both axes, so many pixels thick. */
function Lines({ x, y, apart }: { x: number; y: number; apart: number }): VNode {
  const bars = Array.from({ length: Math.floor(40 / (2 * apart)) }, (_, at) => 2 * apart * at);
  return (
    <g>
      <rect x={x} y={y} width="84" height="40" fill="#000" />
      {bars.map((at) => (
        <rect key={`v${at}`} x={x + at} y={y} width={apart} height="40" fill="#fff" />
      ))}
      {bars.map((at) => (
        <rect key={`h${at}`} x={x + 44} y={y + at} width="40" height={apart} fill="#fff" />
      ))}
    </g>
  );
}

function Grid(): VNode {
  const stroke = grey(190);
  return (
    <g fill="none" stroke={stroke}>
      <rect x="8.5" y="8.5" width={WIDTH - 17} height={HEIGHT - 17} />
      {[1, 2, 3].map((at) => (
        <path key={at} d={`M${at * 160 + 0.5} 8v${HEIGHT - 16}`} />
      ))}
      <path d={`M8 ${HEIGHT - 24.5}h${WIDTH - 16}`} />
    </g>
  );
}
