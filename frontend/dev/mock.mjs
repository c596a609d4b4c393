/**
 * A stand-in for the platform, for work on the reading room without it:
 *
 *     npm run build && node dev/mock.mjs [port]      (http://127.0.0.1:8300/reading/control/)
 *
 * Studies: `control` (no AI), `ai` (concurrent), `demand` (AI on demand), `training`. It answers as
 * docs/architecture.md says and keeps drafts in memory. The password is "password". Addresses for
 * trying faults: POST /mock/offline?ms=5000 (requests fail), POST /mock/sign-out, POST /mock/steal
 * (another window takes the read over), /mock/reset, /mock/first-use (the tour has not been taken), GET /mock/events (what was stored). Never part of the
 * platform and no substitute for tests against it.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { LESIONS, makeCase } from "./phantom.mjs";

const PORT = Number(process.argv[2] ?? 8300);
const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm" };
const CSP =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
  "worker-src 'self' blob:; connect-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'";
const CASE = makeCase();
const ME = {
  id: "00000000-0000-4000-8000-000000000001", username: "rae", display_name: "Rae Resident",
  experience: "resident", language: "en", theme: "dark", csrf_token: "token", reading_room: { keys: {}, tour_seen: true },
};
const QUESTIONS = [
  question("likelihood", "How likely is any metastasis?", "rating", { is_primary: true, low_label: "0 surely none", high_label: "100 surely some" }),
  question("management", "What would you recommend?", "choice", {
    choices: [["none", "Nothing further"], ["follow_up", "Follow-up MRI"], ["treat", "Treatment"]],
  }),
  question("follow_up", "Follow-up in how many weeks?", "number", {
    minimum: 1, maximum: 52, shown_if: { question: "management", equals: "follow_up" },
  }),
  question("comment", "Comment", "text", { is_required: false }),
];
const reads = new Map();
let isSignedIn = true;
let offlineUntil = 0;
let count = 0;

function question(key, text, kind, more = {}) {
  const choices = (more.choices ?? []).map(([value, label]) => ({ value, label }));
  return {
    key, text, help: "", kind, low_label: "", high_label: "", minimum: null, maximum: null,
    is_required: true, is_primary: false, shown_if: {}, ...more, choices,
  };
}

function ring(centre, radius, z) {
  const cut = Math.sqrt(Math.max(radius ** 2 - (z - centre[2]) ** 2, 0));
  return Array.from({ length: 24 }, (_, step) => {
    const angle = (step * Math.PI) / 12;
    return [centre[0] + cut * Math.cos(angle), centre[1] + cut * Math.sin(angle), z];
  });
}

const KIND =
  "If this is a lesion: it is taken for metastasis 0.62, glioblastoma 0.38; if it is a metastasis, its primary is taken for lung 0.41, " +
  "melanoma 0.30, breast 0.20, another primary 0.09; if the place was irradiated before, it is taken for recurrence 0.56, radiation " +
  "necrosis 0.44. These probabilities were learnt from synthetic lesions whose kinds differ as textbooks say they do on the average; " +
  "nothing is known of how often they are right in patients, and lesions of other kinds are not among the answers.";
const WHY =
  "It stands out by 4.2 times the noise of the white matter around it, and is 1.1 times as long as it is wide: vessels are longer. " +
  "Around it FLAIR is brighter than the other side in a rim of 9 mm, as oedema is. Most alike among the known lesions were 7 metastases " +
  "and one vessel. A round bright spot in one slice may be a vessel that is cut across: look at the slices before and behind. ";
const PROPOSALS = [...LESIONS.slice(0, 2), { centre: [0, -58, 4], radius: 3 }].map(({ centre, radius }, index) => ({
  id: `00000000-0000-4000-8000-00000000020${index}`, label: "ABC"[index], centroid_mm: centre,
  diameter_mm: 2 * radius, volume_mm3: (4 / 3) * Math.PI * radius ** 3,
  probability: [0.97, 0.83, 0.31][index], uncertainty: [0.02, 0.08, 0.21][index],
  contours_mm: CASE[0].series.geometry.positions_mm.map((p) => p[2]).filter((z) => Math.abs(z - centre[2]) < radius).map((z) => ring(centre, radius, z)),
  has_heat_map: false, kind: [KIND, "", KIND][index],
  explanation: [WHY + "Round, enhancing, with oedema about it.", "Small nodule at the grey-white junction.", "Tubular in the next slices: may be a vessel."][index],
}));

function packet(read, tab) {
  const { id, study, draft } = read;
  const ai = {
    mode: study === "demand" ? "on_demand" : "concurrent",
    detector: { name: "tinydet", version: "1", banner: "Research only. Misses lesions under 3 mm; marks vessels at times." },
    state: "ready", proposals: PROPOSALS, decisions: draft.decisions,
  };
  return {
    read: {
      id, state: read.state, stage: "only", fence: read.fence, number: read.number, of: 60,
      is_training: study === "training", opened_at: read.openedAt, idle_limit_s: 60, read_only: read.tab !== tab,
    },
    session: { elapsed_s: 300, limit_min: 60 },
    case: { code: `C-${String(read.number).padStart(3, "0")}` },
    token: `t${read.number}`, token_expires_at: new Date(Date.now() + 6 * 36e5).toISOString(),
    series: CASE.map((each) => seriesOf(each, read.number)), questions: QUESTIONS,
    prior: study === "prior" ? { days: 92, series: CASE.slice(0, 3).map((each) => priorOf(each, read.number)) } : null,
    hanging: { layout: "auto", roles: ["t1c", "flair", "t2", "t1", "ct", "other"], window: "auto", linked: ["position", "zoom", "pan"] },
    draft: {
      marks: draft.marks.filter((mark) => !mark.isRemoved), measures: [...draft.measures.values()], answers: draft.answers,
      no_lesion_said: draft.said, last_seq: Object.fromEntries([...read.seqs].map(([key, seqs]) => [key, Math.max(...seqs)])),
    },
    meaning: "I am the reader named here, and these marks, ratings and answers are my own findings.",
    ...(study === "ai" || study === "demand" ? { ai } : {}),
  };
}

/** Every case has the same pictures under its own ids. */
function seriesOf({ series }, number) {
  return { ...series, id: series.id.slice(0, 9) + String(number).padStart(4, "0") + series.id.slice(13) };
}

/** The same pictures as an earlier examination: another frame of reference, 12 mm higher. */
function priorOf(each, number) {
  const { geometry, ...series } = seriesOf(each, number);
  const positions_mm = geometry.positions_mm.map(([x, y, z]) => [x, y, z + 12]);
  return { ...series, id: `f${series.id.slice(1)}`, geometry: { ...geometry, positions_mm, frame_of_reference: "2.25.99" } };
}

function apply(draft, { kind, payload }) {
  const mark = draft.marks.find((each) => each.mark_id === payload.mark_id);
  if (kind === "mark_put" || kind === "proposal_accepted" || kind === "proposal_edited") {
    const put = { diameter_mm: null, rating: null, proposal: null, mask: null, ...payload, isRemoved: false };
    if (mark) Object.assign(mark, put, { number: mark.number, rating: payload.rating ?? mark.rating });
    else draft.marks.push({ ...put, number: draft.marks.length + 1 });
    draft.said = false;
  } else if (kind.startsWith("mark_") && mark) {
    const isRemoved = { mark_removed: true, mark_restored: false }[kind] ?? mark.isRemoved;
    const mask = kind === "mark_moved" || kind === "mark_sized" ? null : mark.mask;
    Object.assign(mark, { mask }, payload, { isRemoved });
  } else if (kind === "measure_put") draft.measures.set(payload.measure_id, payload);
  else if (kind === "measure_removed") draft.measures.delete(payload.measure_id);
  else if (kind === "answer_set") draft.answers[payload.key] = payload.value;
  else if (kind === "no_lesion_said") draft.said = payload.said;
  if (/^proposal_(accepted|edited|rejected)$/.test(kind)) draft.decisions[payload.proposal] = kind.slice(9);
  if (kind === "proposal_undecided") delete draft.decisions[payload.proposal];
}

function store(read, { tab, fence, events }) {
  const seqs = read.seqs.get(tab) ?? new Set();
  read.seqs.set(tab, seqs);
  const holds = tab === read.tab && fence === read.fence;
  for (const event of events) {
    if (seqs.has(event.seq)) continue;
    seqs.add(event.seq);
    read.events.push({ ...event, tab });
    if (holds) apply(read.draft, event);
    if (holds && event.kind === "pause") read.state = "paused";
    if (holds && event.kind === "resume") read.state = "opened";
  }
  const last_seq = Math.max(0, ...seqs);
  const missing = Array.from({ length: last_seq }, (_, at) => at + 1).filter((seq) => !seqs.has(seq));
  const receipt = { acknowledged: events.map((event) => event.event_id), missing, last_seq };
  if (holds) return [200, receipt];
  return [409, { ...problem("reads.taken_over", "This case was opened in another window; what you did here is kept, not used."), ...receipt }];
}

const problem = (code, detail) => ({ code, detail });

function open(study, tab) {
  const known = [...reads.values()].find((read) => read.study === study && read.state !== "submitted");
  if (known) return packet(known, tab);
  count += 1;
  const read = {
    id: randomUUID(), study, number: count, state: "opened", fence: 1, tab, openedAt: new Date().toISOString(),
    seqs: new Map(), events: [], draft: { marks: [], measures: new Map(), answers: {}, said: false, decisions: {} },
  };
  reads.set(read.id, read);
  return packet(read, tab);
}

function submit(read, body) {
  if (body.password !== "password") return [403, problem("reads.wrong_password", "The password is not right. Nothing is lost: sign again.")];
  read.state = "submitted";
  const found = (lesion) => read.draft.marks.some((mark) => !mark.isRemoved && Math.hypot(...mark.position_mm.map((v, i) => v - lesion.centre[i])) < lesion.radius + 2);
  const feedback = {
    status: "metastases", false_marks: [],
    lesions: LESIONS.map((lesion, at) => ({ number: at + 1, position_mm: lesion.centre, diameter_mm: 2 * lesion.radius, found: found(lesion) })),
  };
  const signature = { name: ME.display_name, meaning: body.meaning, sha256: "0".repeat(64) };
  const done = { read_id: read.id, submitted_at: new Date().toISOString(), signature };
  return [200, read.study === "training" ? { ...done, feedback } : done];
}

function answer(method, url, body) {
  const path = url.pathname;
  if (path === "/api/sign-in") {
    if (body.password !== "password") return [403, problem("sign_in", "User name or password is not right.")];
    isSignedIn = true;
    return [200, { ...ME, username: body.username }];
  }
  if (!isSignedIn) return [401, problem("signed_out", "Sign in to go on; nothing is lost.")];
  if (path === "/api/me") return [200, ME];
  if (path === "/api/me/reading-room") return [200, (ME.reading_room = body)];
  const study = /^\/api\/studies\/(\w+)\/(sessions|reads)$/.exec(path);
  if (study?.[2] === "sessions") return [201, { session_id: randomUUID() }];
  if (study) return [200, open(study[1], body.tab)];
  const [, id, deed] = /^\/api\/reads\/([\w-]+)(?:\/([\w-]+))?$/.exec(path) ?? [];
  const read = reads.get(id);
  if (!read) return [404, problem("unknown", "There is nothing here, or it is not yours to see.")];
  if (deed === undefined) return [200, packet(read, url.searchParams.get("tab"))];
  if (deed === "events") return store(read, body);
  if (deed === "submit") return submit(read, body);
  if (deed === "problem") return [201, { report: "1" }];
  if (deed === "take-over") {
    read.tab = body.tab;
    read.fence += 1;
    return [200, { fence: read.fence }];
  }
  return [200, { token: "next", series: CASE.map((each) => seriesOf(each, count + 1)) }];
}

function control(url) {
  if (url.pathname === "/mock/offline") offlineUntil = Date.now() + Number(url.searchParams.get("ms") ?? 5000);
  if (url.pathname === "/mock/reset") [count, isSignedIn] = [reads.clear() ?? 0, true];
  if (url.pathname === "/mock/first-use") ME.reading_room = { keys: {}, tour_seen: false };
  if (url.pathname === "/mock/sign-out") isSignedIn = false;
  if (url.pathname === "/mock/steal") for (const read of reads.values()) Object.assign(read, { tab: "other", fence: read.fence + 1 });
  return [...reads.values()].map(({ id, study, state, draft, events }) => ({ id, study, state, draft, events }));
}

function page(study, language) {
  const entry = JSON.parse(readFileSync(join(DIST, ".vite/manifest.json"), "utf8"))["src/entries/reading.tsx"];
  const css = entry.css.map((file) => `<link rel="stylesheet" href="/static/${file}">`).join("");
  return `<!doctype html><html lang="${language}" data-bs-theme="dark"><meta charset="utf-8"><title>Reading</title>${css}
<script type="module" src="/static/${entry.file}"></script><body><div id="reading-room" data-study="${study}" data-language="${language}"></div>`;
}

function send(response, status, type, content) {
  const data = Buffer.isBuffer(content) ? content : Buffer.from(content);
  response.writeHead(status, { "content-type": type, "content-length": data.length, "content-security-policy": CSP });
  response.end(data);
}

async function handle(request, response) {
  const url = new URL(request.url, "http://mock");
  const parts = [];
  for await (const part of request) parts.push(part);
  if (url.pathname.startsWith("/mock/")) return send(response, 200, "application/json", JSON.stringify(control(url)));
  if (Date.now() < offlineUntil && !url.pathname.startsWith("/static/")) return request.socket.destroy();
  const room = /^\/reading\/(\w+)\/$/.exec(url.pathname);
  if (room) return send(response, 200, "text/html", page(room[1], url.searchParams.get("language") ?? "en"));
  if (url.pathname.startsWith("/static/")) {
    return send(response, 200, TYPES[extname(url.pathname)] ?? "application/octet-stream", readFileSync(join(DIST, url.pathname.slice(8))));
  }
  const pack = /^\/imaging\/\w+\/series\/[\w-]+(\d)\/pack$/.exec(url.pathname);
  if (pack) return send(response, 200, "application/x-readerstudy-pack", CASE[Number(pack[1])].pack);
  const body = parts.length > 0 ? JSON.parse(Buffer.concat(parts).toString()) : {};
  const [status, content] = answer(request.method, url, body);
  return send(response, status, status < 400 ? "application/json" : "application/problem+json", JSON.stringify(content));
}

createServer((request, response) => {
  handle(request, response).catch((error) => {
    process.stderr.write(`${request.url}: ${error.stack}\n`);
    send(response, 500, "application/problem+json", JSON.stringify(problem("incident", "The mock failed.")));
  });
}).listen(PORT, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${PORT}/reading/control/\n`));
