import { t } from "../i18n";

/** The windows that the platform gives a series (readerstudy/imaging/services/packing.py). */
const NAMES = ["bright", "narrow", "wide", "brain", "subdural", "bone"] as const;

/** The word for a series' window in the reader's language; null is the one by percentiles. */
export function windowName(name: string | null): string {
  if (name === null) return t("more.auto");
  const known = NAMES.find((each) => each === name);
  return known ? t(`preset.${known}`) : name; // of a series that another release packed
}
