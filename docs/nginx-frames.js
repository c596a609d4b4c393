// A frame by WADO-RS, cut out of its instance's file by nginx itself (docs/decisions/0035).
// nginx.conf has checked the token before; whatever is not plain here goes to the platform.
import crypto from 'crypto';
import fs from 'fs';

const LINE = 64;  // bytes of a line of the table (readerstudy/imaging/frame_table.py)
const NAME = 32;
const MOST = 32 * 1024 * 1024;  // bytes of a frame; a longer one is streamed by the platform
const KIND = 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1';

/** The line of an instance's file in an open table; null where it has none. */
function lineOf(table, name) {
    const line = Buffer.alloc(LINE);
    let low = 0, high = fs.fstatSync(table).size / LINE - 1;
    while (low <= high) {
        const middle = (low + high) >> 1;
        if (fs.readSync(table, line, 0, LINE, middle * LINE) !== LINE) {
            return null;
        }
        const text = line.toString();
        const found = text.substring(0, NAME);
        if (found === name) {
            return text.substring(NAME).trim().split(/ +/).map(Number);
        }
        if (found < name) {
            low = middle + 1;
        } else {
            high = middle - 1;
        }
    }
    return null;
}

/** What `use` makes of an open file, which is closed whatever happens. */
function opened(path, use) {
    const file = fs.openSync(path);
    try {
        return use(file);
    } finally {
        fs.closeSync(file);
    }
}

/** The frame between `head` and `tail`, read where it is sent from; null where it is not there. */
function cut(folder, name, number, head, tail) {
    const line = opened(`${folder}/frames`, (table) => lineOf(table, name));
    if (line === null) {
        return null;
    }
    const offset = line[0], size = line[1], frames = line[2];
    if (!(number >= 1 && number <= frames && size <= MOST)) {
        return null;
    }
    return opened(`${folder}/files/${name}.dcm`, (file) => {
        const length = frames * size;
        if (fs.fstatSync(file).size !== offset + length + length % 2) {
            return null;  // written anew since
        }
        const body = Buffer.allocUnsafe(head.length + size + tail.length);
        if (head) {
            body.write(head, 0);
            body.write(tail, head.length + size);
        }
        const at = offset + (number - 1) * size;
        return fs.readSync(file, body, head.length, size, at) === size ? body : null;
    });
}

function send(r) {
    const v = r.variables;
    const name = crypto.createHash('sha256').update(v.instance).digest('hex').slice(0, NAME);
    const boundary = v.request_id;
    const isOne = v.frame_as === 'one';
    const head = isOne ? '' : `--${boundary}\r\nContent-Type: ${KIND}\r\n\r\n`;
    const tail = isOne ? '' : `\r\n--${boundary}--\r\n`;
    let body = null;
    try {
        body = cut(`${v.document_root}/${v.grant}/${v.study}_${v.one}`, name, Number(v.numbers), head, tail);
    } catch (e) {  // a folder that is gone: the platform says what is wrong
        r.log(`a frame goes the long way: ${e.message}`);
    }
    if (body === null) {
        r.internalRedirect('@web');
        return;
    }
    r.headersOut['Content-Type'] = isOne
        ? KIND : `multipart/related; type="application/octet-stream"; boundary=${boundary}`;
    r.return(200, body);
}

export default { send };
