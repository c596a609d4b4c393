import { scale, type Vector } from "./vectors";

const LETTERS: readonly (readonly [string, string])[] = [
  ["L", "R"],
  ["P", "A"],
  ["H", "F"],
];
const SEEN = 0.2; // a component under about 12 degrees is left out of the letters

/** The letters of the side of the patient that a direction points to, strongest first: "PL". */
export function lettersOf(direction: Vector): string {
  return direction
    .map((value, axis) => ({ value, letters: LETTERS[axis] ?? ["", ""] }))
    .filter(({ value }) => Math.abs(value) > SEEN)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .map(({ value, letters }) => (value > 0 ? letters[0] : letters[1]))
    .join("");
}

/** The letters at the four edges of a picture. */
export interface EdgeLetters {
  left: string;
  right: string;
  top: string;
  bottom: string;
}

/** The letters at the edges of a picture whose right and downward directions are given (LPS). */
export function edgeLetters(right: Vector, down: Vector): EdgeLetters {
  return {
    left: lettersOf(scale(right, -1)),
    right: lettersOf(right),
    top: lettersOf(scale(down, -1)),
    bottom: lettersOf(down),
  };
}

/** The name of the plane that a normal belongs to: by its largest component. */
export function planeName(normal: Vector): "axial" | "coronal" | "sagittal" {
  const [x, y, z] = normal.map(Math.abs) as [number, number, number];
  if (z >= x && z >= y) return "axial";
  return y >= x ? "coronal" : "sagittal";
}
