// A worksheet of Carewire as a Yjs document, over a socket of socket.io-client.
//
//   const provider = new WorksheetProvider(socket, "asg_...", { awareness: true });
//   provider.on("reset", (doc) => bind(doc));        the document to show, at first and whenever it is taken anew
//   provider.on("state", ({ saved, pending }) => ...);
//   provider.on("stranded", ({ error, answers, texts }) => ...);
//
// An edit is `pending` until a majority of the server's copies has it, then it is `saved`. One that the server refuses is
// stranded: it is set aside and shown, and the document is taken anew from the server. Nothing is lost in silence.
import * as Y from "yjs";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
import { ObservableV2 } from "lib0/observable";
import * as encoding from "lib0/encoding";
import * as decoding from "lib0/decoding";

const AGAIN = new Set(["unavailable", "overloaded", "rate_limited", "internal"]);
const EMPTY = 2; // bytes of an update in which nothing is
const PATIENCE_MS = 15_000;

export class WorksheetProvider extends ObservableV2 {
  /**
   * `doc`: to begin with; `persist(doc, attempt)`: keeps documents on this device (y-indexeddb) and resolves when it has
   * put into `doc` what it had; `awareness`: also tell, and hear, who is where.
   */
  constructor(socket, assignmentId, { doc = new Y.Doc(), persist = null, awareness = false } = {}) {
    super();
    this.socket = socket;
    this.assignmentId = assignmentId;
    this.attempt = null;
    this.assignment = null;
    this.writable = [];
    this.seq = 0;
    this.synced = false;
    this.over = false;
    this.stranded = [];
    this.awareness = null;
    this._persist = persist;
    this._wantsAwareness = awareness;
    this._waiting = []; // updates that are not on their way
    this._sending = null; // the one that is
    this._timer = null;
    this._closed = false;
    this._onUpdate = (update, origin) => origin === this || this._edited(update);
    this._onConnect = () => this._join();
    this._onDisconnect = () => this._lost();
    this._onSync = (payload) => this._heard(payload);
    this._onOver = (payload) => payload.assignment_id === assignmentId && this._ended(payload.reason);
    this._onGap = (payload) => payload.assignment_id === assignmentId && this._join();
    socket.on("connect", this._onConnect);
    socket.on("disconnect", this._onDisconnect);
    socket.on("worksheet_sync", this._onSync);
    socket.on("worksheet_closed", this._onOver);
    socket.on("worksheet_gap", this._onGap);
    this._take(doc);
    if (socket.connected) this._join();
  }

  /** How many edits the server has not stored yet. */
  get pending() {
    return this._waiting.length + (this._sending ? 1 : 0);
  }

  /** Everything that was written here is stored. */
  get saved() {
    return this.synced && this.pending === 0;
  }

  /** Resolves once everything is saved; rejects when something is stranded. */
  whenSaved() {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.stranded.length) reject(this.stranded[0].error);
        else if (this.saved) resolve();
        else return;
        this.off("state", look);
      };
      this.on("state", look);
      look();
    });
  }

  destroy() {
    this._closed = true;
    clearTimeout(this._timer);
    for (const [event, listener] of [
      ["connect", this._onConnect],
      ["disconnect", this._onDisconnect],
      ["worksheet_sync", this._onSync],
      ["worksheet_closed", this._onOver],
      ["worksheet_gap", this._onGap],
    ]) {
      this.socket.off(event, listener);
    }
    this.socket.emit("leave_worksheet", { assignment_id: this.assignmentId });
    this.doc.off("update", this._onUpdate);
    this.awareness?.destroy();
    super.destroy();
  }

  _take(doc) {
    this.doc?.off("update", this._onUpdate);
    this.awareness?.destroy();
    this.doc = doc;
    this._waiting = [];
    this._sending = null;
    this.synced = false;
    doc.on("update", this._onUpdate);
    if (this._wantsAwareness) {
      this.awareness = new Awareness(doc);
      this.awareness.on("update", ({ added, updated, removed }, origin) => {
        const own = [...added, ...updated, ...removed].includes(doc.clientID);
        if (origin !== this && own) this._say();
      });
    }
    this.emit("reset", [doc]);
  }

  async _join() {
    if (this._closed) return;
    const doc = this.doc;
    const state_vector = Y.encodeStateVector(doc);
    const answer = await this._ask("join_worksheet", { assignment_id: this.assignmentId, state_vector });
    if (this._closed || doc !== this.doc) return;
    if (!answer.ok) {
      if (AGAIN.has(answer.error.code)) this._later(() => this._join());
      else this.emit("refused", [answer.error]);
      return;
    }
    const joined = answer.data;
    if (this.attempt !== null && this.attempt !== joined.attempt) {
      this.attempt = joined.attempt;
      this.over = false;
      this._take(new Y.Doc()); // another attempt is another document
      return this._join();
    }
    Object.assign(this, { attempt: joined.attempt, assignment: joined.assignment, writable: joined.writable });
    if (this._persist) {
      const persist = this._persist;
      this._persist = null;
      await persist(doc, joined.attempt);
      if (this._closed || doc !== this.doc) return;
    }
    Y.applyUpdate(doc, bytes(joined.sync), this);
    this.seq = joined.seq;
    // what was under way when the connection was lost is among what the server lacks now
    const lacking = Y.encodeStateAsUpdate(doc, bytes(joined.state_vector));
    this._sending = null;
    this._waiting = lacking.length > EMPTY ? [lacking] : [];
    this.synced = true;
    this._changed();
    this._send();
    this._say();
  }

  _edited(update) {
    if (this.over) return this._strand(update, { code: "failed_precondition", message: "This attempt is over." });
    this._waiting.push(update);
    this._changed();
    this._send();
  }

  async _send() {
    if (this._sending || !this.synced || !this._waiting.length || !this.socket.connected) return;
    const update = this._waiting.length === 1 ? this._waiting[0] : Y.mergeUpdates(this._waiting);
    this._waiting = [];
    const sending = (this._sending = { update });
    const answer = await this._sync(0, 2, update);
    if (this._closed || this._sending !== sending) return;
    this._sending = null;
    if (answer.ok) {
      this.seq = Math.max(this.seq, answer.data.seq ?? 0);
      this._changed();
      this._send();
    } else if (AGAIN.has(answer.error.code)) {
      this._waiting.unshift(update);
      this._later(() => this._send(), answer.error.retry_after);
    } else if (answer.error.details?.reason === "gap") {
      this._join(); // something before it has not arrived: say again what is lacking
    } else {
      this._strand(Y.mergeUpdates([update, ...this._waiting]), answer.error);
    }
  }

  _strand(update, error) {
    const texts = {};
    for (const [name, type] of this.doc.share) if (/^(text|note):/.test(name)) texts[name] = this.doc.getText(name).toString();
    const stranded = { update, error, answers: this.doc.getMap("answers").toJSON(), texts };
    this.stranded.push(stranded);
    this._take(new Y.Doc());
    this.emit("stranded", [stranded]);
    this._changed();
    if (!this.over) this._join();
  }

  _heard({ assignment_id, attempt, message }) {
    if (assignment_id !== this.assignmentId || attempt !== this.attempt) return;
    const decoder = decoding.createDecoder(bytes(message));
    const kind = decoding.readVarUint(decoder);
    if (kind === 1) {
      if (this.awareness) applyAwarenessUpdate(this.awareness, decoding.readVarUint8Array(decoder), this);
      return;
    }
    decoding.readVarUint(decoder);
    Y.applyUpdate(this.doc, decoding.readVarUint8Array(decoder), this);
  }

  _say() {
    if (!this.awareness || !this.synced || !this.socket.connected) return;
    const own = encodeAwarenessUpdate(this.awareness, [this.doc.clientID]);
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint8Array(encoder, own);
    const message = encoding.toUint8Array(encoder);
    this.socket.emit("worksheet_sync", { assignment_id: this.assignmentId, attempt: this.attempt, message });
  }

  _sync(type, step, payload) {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, type);
    encoding.writeVarUint(encoder, step);
    encoding.writeVarUint8Array(encoder, payload);
    const message = encoding.toUint8Array(encoder);
    return this._ask("worksheet_sync", { assignment_id: this.assignmentId, attempt: this.attempt, message });
  }

  async _ask(event, payload) {
    try {
      return await this.socket.timeout(PATIENCE_MS).emitWithAck(event, payload);
    } catch {
      return { ok: false, error: { code: "unavailable", message: "No answer came." } };
    }
  }

  _lost() {
    this.synced = false;
    if (this.awareness) {
      const others = [...this.awareness.getStates().keys()].filter((number) => number !== this.doc.clientID);
      removeAwarenessStates(this.awareness, others, this);
    }
    this._changed();
  }

  _ended(reason) {
    this.over = true;
    this.emit("over", [reason]);
    const kept = [...(this._sending ? [this._sending.update] : []), ...this._waiting];
    if (kept.length) this._strand(Y.mergeUpdates(kept), { code: "failed_precondition", message: "This attempt is over." });
  }

  _later(deed, seconds = 0.5) {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => !this._closed && deed(), seconds * 1000);
  }

  _changed() {
    this.emit("state", [{ saved: this.saved, pending: this.pending, synced: this.synced, stranded: this.stranded.length }]);
  }
}

function bytes(value) {
  return value instanceof Uint8Array ? value : new Uint8Array(value);
}
