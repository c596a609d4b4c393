/**
 * A mark drawn as the picture shows it, at half way from its surround to its brightest value or at
 * another threshold of the reader's.
 */
export const THRESHOLDS = { least: 20, most: 80, step: 5, usual: 50 } as const; // percent
