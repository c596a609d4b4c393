/** Stands in for dcmjs, which reads DICOM files: the browser gets none. */
function Nothing(): never {
  throw new Error("This build reads no DICOM files.");
}

const quiet = (): void => undefined;

/** What Cornerstone logs by: warnings and errors go to the console, the rest nowhere. */
/* eslint-disable no-console -- a warning of the library is for who looks into the browser */
const logger = {
  trace: quiet,
  debug: quiet,
  info: quiet,
  log: quiet,
  warn: (...words: unknown[]): void => console.warn(...words),
  error: (...words: unknown[]): void => console.error(...words),
  setLevel: quiet,
};
/* eslint-enable no-console */

/** A fresh one each time: who asks for one adds to it. */
export const log = { ...logger, getLogger: () => ({ ...logger }) };

export const constants = {};

const dcmjs = {
  async: { AsyncDicomReader: Nothing },
  constants,
  log,
  utilities: { DicomMetadataListener: Nothing },
};

export default dcmjs;
