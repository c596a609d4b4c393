import { isWindowTooSmall } from "./display";
import type { Room } from "./room";

/** A window that is too small to read in is said while it is, and told with the read (R11). */
export function watchWindow(room: Pick<Room, "state" | "record">): () => void {
  const { isWindowSmall } = room.state;
  const look = (): void => {
    const isSmall = isWindowTooSmall();
    if (isSmall === isWindowSmall.peek()) return;
    isWindowSmall.value = isSmall;
    const [width_px, height_px] = [innerWidth, innerHeight].map((each) => Math.round(each * devicePixelRatio));
    room.record("window_sized", { is_small: isSmall, width_px, height_px });
  };
  look();
  addEventListener("resize", look);
  return () => removeEventListener("resize", look);
}
