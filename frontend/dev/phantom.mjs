/**
 * Pictures for development: a head drawn from a formula in patient millimetres (LPS), so that every
 * series of a case, whatever its plane and thickness, shows the same anatomy at the same place.
 */

/** Lesions of a case: centre (LPS, mm) and radius (mm). */
export const LESIONS = [
  { centre: [28, -12, 18], radius: 7 },
  { centre: [-31, 30, 6], radius: 4 },
  { centre: [8, 48, -24], radius: 2.5 },
];

const VESSELS = [
  { from: [0, -62, -10], to: [0, -40, 56], radius: 1.4 },
  { from: [-44, -6, -4], to: [-18, -14, 8], radius: 1.1 },
];

const TISSUE = {
  //        scalp brain csf lesion oedema vessel
  t1c: { scalp: 520, brain: 420, csf: 120, lesion: 980, oedema: 360, vessel: 900 },
  flair: { scalp: 300, brain: 460, csf: 60, lesion: 640, oedema: 820, vessel: 90 },
  t2: { scalp: 380, brain: 420, csf: 980, lesion: 600, oedema: 760, vessel: 60 },
  t1: { scalp: 560, brain: 430, csf: 110, lesion: 360, oedema: 370, vessel: 300 },
};

/** The series of a case: role, size, spacing, and the directions of rows and columns. */
const SERIES = [
  { role: "t1c", size: [256, 256, 160], spacing: [0.9, 0.9, 1.0], plane: "axial" },
  { role: "flair", size: [192, 192, 38], spacing: [1.2, 1.2, 4.0], plane: "axial" },
  { role: "t2", size: [224, 224, 36], spacing: [1.0, 1.0, 4.4], plane: "tilted" },
  { role: "t1", size: [192, 192, 120], spacing: [1.2, 1.2, 1.3], plane: "sagittal" },
];

const TILT = (12 * Math.PI) / 180;
const PLANES = {
  axial: [[1, 0, 0], [0, 1, 0]],
  tilted: [[1, 0, 0], [0, Math.cos(TILT), Math.sin(TILT)]],
  sagittal: [[0, 1, 0], [0, 0, -1]],
};

const cross = (a, b) => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

function geometryOf({ role, size, spacing, plane }) {
  const [columns, rows, frames] = size;
  const [row, column] = PLANES[plane];
  const normal = cross(row, column);
  const start = [0, 1, 2].map(
    (axis) =>
      -(row[axis] * spacing[0] * (columns - 1) + column[axis] * spacing[1] * (rows - 1)) / 2 -
      (normal[axis] * spacing[2] * (frames - 1)) / 2,
  );
  const positions_mm = Array.from({ length: frames }, (_, frame) =>
    start.map((value, axis) => value + normal[axis] * spacing[2] * frame),
  );
  return {
    rows, columns, frames, row_cosine: row, column_cosine: column, positions_mm,
    pixel_spacing_mm: [spacing[1], spacing[0]], spacing_mm: spacing[2],
    slice_thickness_mm: spacing[2], frame_of_reference: "2.25.1", dtype: "uint16",
    rescale: [1, 0], photometric: "MONOCHROME2",
    window: role === "t2" ? [520, 1000] : [480, 900],
    presets: { narrow: [480, 420], wide: [600, 1400] },
  };
}

const ellipsoid = (p, centre, axes) =>
  ((p[0] - centre[0]) / axes[0]) ** 2 +
  ((p[1] - centre[1]) / axes[1]) ** 2 +
  ((p[2] - centre[2]) / axes[2]) ** 2;

const away = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);

function fromLine(p, a, b) {
  const ab = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
  const ap = [p[0] - a[0], p[1] - a[1], p[2] - a[2]];
  const t = Math.min(1, Math.max(0, (ap[0] * ab[0] + ap[1] * ab[1] + ap[2] * ab[2]) / (ab[0] ** 2 + ab[1] ** 2 + ab[2] ** 2)));
  return Math.hypot(ap[0] - ab[0] * t, ap[1] - ab[1] * t, ap[2] - ab[2] * t);
}

function intensity(p, tissue) {
  const head = ellipsoid(p, [0, 0, 0], [78, 96, 88]);
  if (head > 1) return 12;
  if (ellipsoid(p, [0, 0, 4], [71, 89, 80]) > 1) return head > 0.93 ? tissue.scalp : 40;
  for (const { centre, radius } of LESIONS) if (away(p, centre) < radius) return tissue.lesion;
  for (const { from, to, radius } of VESSELS) if (fromLine(p, from, to) < radius) return tissue.vessel;
  for (const { centre, radius } of LESIONS) if (away(p, centre) < 2.2 * radius) return tissue.oedema;
  const x = Math.abs(p[0]);
  if (ellipsoid([x, p[1], p[2]], [11, -4, 10], [6, 30, 12]) < 1) return tissue.csf;
  const folds = Math.sin(p[0] / 5 + Math.sin(p[1] / 7)) * Math.sin(p[1] / 6 + Math.cos(p[2] / 8));
  const depth = ellipsoid(p, [0, 0, 4], [66, 84, 75]);
  if (depth > 0.86 && folds > 0.45) return tissue.csf;
  return tissue.brain * (1 + 0.09 * folds + (depth > 0.72 ? 0.06 : 0));
}

function centreOut(count) {
  const middle = Math.floor((count - 1) / 2);
  return Array.from({ length: count }, (_, index) => index).sort(
    (a, b) => Math.abs(a - middle) - Math.abs(b - middle) || b - a,
  );
}

/** A series as its packet describes it, and its pack. */
function make(spec, id) {
  const geometry = geometryOf(spec);
  const { rows, columns, frames } = geometry;
  const bytes = rows * columns * 2;
  const head = 12 + 8 * frames;
  const start = head + (-head & 7);
  const pack = Buffer.alloc(start + bytes * frames);
  pack.write("RSPK", 0, "ascii");
  pack.writeUInt16LE(1, 4);
  pack.writeUInt32LE(frames, 8);
  const tissue = TISSUE[spec.role];
  let seed = 7;
  centreOut(frames).forEach((frame, order) => {
    pack.writeUInt32LE(frame, 12 + 8 * order);
    pack.writeUInt32LE(bytes, 16 + 8 * order);
    const samples = new Uint16Array(pack.buffer, pack.byteOffset + start + bytes * order, rows * columns);
    const [row, column, origin] = [geometry.row_cosine, geometry.column_cosine, geometry.positions_mm[frame]];
    for (let j = 0; j < rows; j += 1) {
      for (let i = 0; i < columns; i += 1) {
        const [u, v] = [i * spec.spacing[0], j * spec.spacing[1]];
        const p = [0, 1, 2].map((axis) => origin[axis] + row[axis] * u + column[axis] * v);
        seed = (seed * 1103515245 + 12345) & 0x7fffffff;
        samples[j * columns + i] = Math.max(0, intensity(p, tissue) + ((seed >> 16) % 41) - 20);
      }
    }
  });
  return {
    pack,
    series: {
      id, role: spec.role, description: `${spec.role} ${spec.plane}`, frames, bytes: pack.length, geometry,
      acquisition: { field_strength_t: 3, repetition_ms: 1900, echo_ms: 2.9, scanner: "phantom" },
      encodings: ["raw"],
    },
  };
}

/** The series of the development case, made once. */
export function makeCase() {
  return SERIES.map((spec, number) => make(spec, `00000000-0000-4000-8000-00000000010${number}`));
}
