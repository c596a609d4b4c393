/** Both clocks of this machine. The monotonic one may stop while the machine sleeps. */
export interface Clock {
  mono_ms: () => number;
  wall_ms: () => number;
}

export const machineClock: Clock = {
  mono_ms: () => performance.now(),
  wall_ms: () => Date.now(),
};
