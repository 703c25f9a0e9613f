// carewire-call.js: video meetings of Carewire in a browser, in one file that needs no other.
//
//   import {CarewireCall} from './carewire-call.js';
//   const call = new CarewireCall({url: 'wss://care.example:8001', token: () => accessToken, meetingId: 'mtg_...'});
//   call.addEventListener('slots', () => show(call.slots));
//   await call.join({microphone: true, camera: true});
//
// A call tells of itself with events: state, participants, slots, speaker, quality, consent, recording, elsewhere,
// ending, refused, ended. It answers moves, restarts and losses by itself: whoever shows it draws what it says.

const ASKED_S = 15;
const FRESH_S = 90; // a ticket is good for longer; whoever uses an older one asks for a new one
const REPORT_MS = 5000;
const RESTART_MS = 3000;
const SPOKEN = {audio: ['audio/opus'], video: ['video/VP8', 'video/rtx']};
const LAYERS = [
  {rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 150000},
  {rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 500000},
  {rid: 'h', scaleResolutionDownBy: 1, maxBitrate: 1500000},
];

export class Refused extends Error {
  constructor(error) {
    super(error.message);
    this.code = error.code;
    this.details = error.details || {};
    this.retryAfter = error.retry_after;
  }
}

// Socket.IO over one WebSocket: events, acknowledgements, and nothing else of it.
export class Socket extends EventTarget {
  constructor(url, token) {
    super();
    this.url = url.replace(/^http/, 'ws').replace(/\/$/, '') + '/socket.io/?EIO=4&transport=websocket';
    this.token = token;
    this.handlers = new Map();
    this.waiting = new Map();
    this.next = 0;
    this.open = false;
    this.wanted = true;
    this.pause = 250;
  }

  async connect() {
    const token = await this.token();
    await new Promise((resolve, reject) => {
      const ws = new WebSocket(this.url);
      this.ws = ws;
      ws.onmessage = ({data}) => this.read(String(data), token, resolve, reject);
      ws.onclose = () => {
        reject(new Refused({code: 'unavailable', message: 'There is no connection.'}));
        if (this.ws === ws) this.lost();
      };
    });
  }

  read(data, token, resolve, reject) {
    const type = data[0];
    if (type === '0') this.ws.send('40' + JSON.stringify({token}));
    else if (type === '2') this.ws.send('3');
    else if (type === '4' && data[1] === '0') {
      this.open = true;
      this.pause = 250;
      resolve();
    } else if (type === '4' && data[1] === '4') reject(new Refused(JSON.parse(data.slice(2) || '{}')));
    else if (type === '4' && (data[1] === '2' || data[1] === '3')) {
      const [, id, body] = /^(\d*)(.*)$/s.exec(data.slice(2));
      if (data[1] === '3') this.answered(Number(id), JSON.parse(body)[0]);
      else this.heard(...JSON.parse(body));
    }
  }

  heard(name, payload) {
    for (const handler of this.handlers.get(name) || []) handler(payload);
  }

  answered(id, ack) {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (!waiting) return;
    if (ack.ok) waiting.resolve(ack.data);
    else waiting.reject(new Refused(ack.error));
  }

  lost() {
    this.open = false;
    for (const {reject} of this.waiting.values()) {
      reject(new Refused({code: 'unavailable', message: 'The connection is lost.'}));
    }
    this.waiting.clear();
    this.dispatchEvent(new Event('lost'));
    if (this.wanted) setTimeout(() => this.again(), this.pause);
  }

  async again() {
    this.pause = Math.min(this.pause * 2, 5000);
    if (!this.wanted) return;
    try {
      await this.connect();
      this.dispatchEvent(new Event('back'));
    } catch {
      // the connection that failed has asked for the next try
    }
  }

  on(name, handler) {
    this.handlers.set(name, [...(this.handlers.get(name) || []), handler]);
  }

  ask(name, payload) {
    if (!this.open) return Promise.reject(new Refused({code: 'unavailable', message: 'There is no connection.'}));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Refused({code: 'unavailable', message: 'There is no answer.'}));
      }, ASKED_S * 1000);
      const ended = (finish) => (value) => (clearTimeout(timer), finish(value));
      this.waiting.set(id, {resolve: ended(resolve), reject: ended(reject)});
      this.ws.send(`42${id}${JSON.stringify([name, payload])}`);
    });
  }

  close() {
    this.wanted = false;
    if (this.ws) this.ws.close();
  }
}

const prefer = (transceiver, kind) => {
  const codecs = RTCRtpReceiver.getCapabilities(kind).codecs.filter((codec) => SPOKEN[kind].includes(codec.mimeType));
  if (transceiver.setCodecPreferences) transceiver.setCodecPreferences(codecs);
};

// The way through the forwarding unit: we always offer, and slots are filled without negotiation.
class Unit {
  constructor(call, media) {
    this.call = call;
    this.media = media;
    this.senders = new Map();
    this.tracks = new Map();
    this.busy = Promise.resolve();
    this.pc = call.connection((state) => this.changed(state));
    this.pc.ontrack = ({track, transceiver}) => {
      this.tracks.set(transceiver.mid, track);
      call.told('slots');
    };
  }

  async start() {
    for (const [source, track] of this.call.local) this.add(source, track);
    for (const kind of ['audio', 'video']) {
      for (let n = 0; n < this.media.slots[kind]; n++) {
        prefer(this.pc.addTransceiver(kind, {direction: 'recvonly'}), kind);
      }
    }
    await this.negotiate();
  }

  add(source, track) {
    const many = source === 'camera' && (this.media.rids || []).length > 1;
    const sendEncodings = many ? LAYERS : [{}];
    const transceiver = this.pc.addTransceiver(track, {direction: 'sendonly', sendEncodings});
    prefer(transceiver, track.kind);
    this.senders.set(source, transceiver);
  }

  async send(source, track) {
    const known = this.senders.get(source);
    if (known) await known.sender.replaceTrack(track);
    else if (track) {
      this.add(source, track);
      await this.negotiate();
    }
  }

  negotiate(options = {}) {
    this.busy = this.busy.catch(() => {}).then(() => this.offer(options));
    return this.busy;
  }

  async offer(options) {
    const {call, pc} = this;
    await pc.setLocalDescription(await pc.createOffer(options));
    const tracks = [...this.senders].map(([source, transceiver]) => ({mid: transceiver.mid, source}));
    const ticket = await call.freshTicket();
    const sdp = pc.localDescription.sdp;
    const answer = await call.ask('meeting_offer', {ticket, epoch: this.media.epoch, sdp, tracks});
    if (call.way !== this) return;
    await pc.setRemoteDescription({type: 'answer', sdp: answer.sdp});
    call.fill(answer.slots, this.media.epoch);
  }

  changed(state) {
    clearTimeout(this.timer);
    if (state === 'failed' || state === 'disconnected') {
      this.timer = setTimeout(() => this.restart(), state === 'failed' ? 0 : RESTART_MS);
    }
  }

  async restart() {
    if (this.call.way !== this || this.pc.connectionState === 'connected') return;
    try {
      await this.negotiate({iceRestart: true});
    } catch (error) {
      this.call.stumbled(error, () => this.restart());
    }
  }

  track(mid) {
    return this.tracks.get(mid);
  }

  close() {
    clearTimeout(this.timer);
    this.pc.close();
  }
}

// How long the polite one waits before an offer. To yield must stay rare: a Chromium that takes back its offer in a call
// that runs sends nothing from then on, and shows nothing (packetsSent stays 0, tracks stay muted).
// On a slow way, or a machine that is busy, it waits longer: so many times as long as words and timers are late.
const COURTESY_MS = 1000;
const COURTESY_TIMES = 5;
const MOST_COURTESY_MS = 10000;

// From person to person, by perfect negotiation: the polite one yields.
class Mesh {
  constructor(call, media) {
    this.call = call;
    this.media = media;
    this.ends = new Map();
    this.wordMs = 0; // how long the last signal took to the server and back
    for (const peer of media.peers) this.meet(peer);
  }

  async start() {}

  meet({participant_id: id, polite}) {
    const {call} = this;
    const pc = call.connection((state) => {
      if (state === 'failed') pc.restartIce();
    });
    const end = {pc, polite, making: false, ignoring: false, order: Promise.resolve()};
    this.ends.set(id, end);
    pc.onicecandidate = ({candidate}) => this.signal(id, {candidate});
    pc.ontrack = ({track}) => {
      const source = track.kind === 'audio' ? 'microphone' : 'camera';
      const slots = call.slots.filter((slot) => !(slot.participant_id === id && slot.source === source));
      call.slots = [...slots, {mid: `${id}/${source}`, kind: track.kind, participant_id: id, source, track}];
      call.told('slots');
    };
    pc.onnegotiationneeded = async () => {
      if (polite) { // it leaves the first word to the other, who always has one
        await this.courtesy();
        if (pc.signalingState !== 'stable') return; // asked again once it is
      }
      try {
        end.making = true;
        await pc.setLocalDescription();
        await this.signal(id, {description: pc.localDescription});
      } finally {
        end.making = false;
      }
    };
    for (const [source, track] of call.local) pc.addTrack(track).carewireSource = source;
    if (!polite && !call.local.size) pc.addTransceiver('audio', {direction: 'recvonly'});
  }

  async courtesy() {
    const began = performance.now();
    await new Promise((resume) => setTimeout(resume, COURTESY_MS));
    const late = Math.max(performance.now() - began - COURTESY_MS, this.wordMs);
    await new Promise((resume) => setTimeout(resume, Math.min(COURTESY_TIMES * late, MOST_COURTESY_MS)));
  }

  async signal(to, what) {
    const {call} = this;
    try {
      const ticket = await call.freshTicket();
      const began = performance.now();
      await call.ask('meeting_signal', {ticket, epoch: this.media.epoch, to, ...what});
      this.wordMs = performance.now() - began;
    } catch (error) {
      if (call.way === this && error.code !== 'unavailable') call.told('refused', error);
    }
  }

  heard({from, description, candidate}) {
    const end = this.ends.get(from);
    if (!end) return;
    end.order = end.order.then(() => this.take(from, end, description, candidate)).catch(() => {});
  }

  async take(from, end, description, candidate) {
    const {pc} = end;
    if (description) {
      const collides = description.type === 'offer' && (end.making || pc.signalingState !== 'stable');
      end.ignoring = !end.polite && collides;
      if (end.ignoring) return;
      await pc.setRemoteDescription(description);
      if (description.type === 'offer') {
        await pc.setLocalDescription();
        await this.signal(from, {description: pc.localDescription});
      }
    } else {
      try {
        await pc.addIceCandidate(candidate || undefined);
      } catch (error) {
        if (!end.ignoring) throw error;
      }
    }
  }

  async send(source, track) {
    for (const {pc} of this.ends.values()) {
      const sender = pc.getSenders().find((each) => each.carewireSource === source);
      if (sender) await sender.replaceTrack(track);
      else if (track) pc.addTrack(track).carewireSource = source;
    }
  }

  get pc() {
    return [...this.ends.values()].map(({pc}) => pc)[0];
  }

  track(mid) {
    return (this.call.slots.find((slot) => slot.mid === mid) || {}).track;
  }

  close() {
    for (const {pc} of this.ends.values()) pc.close();
  }
}

// In a room of somebody else's: whoever shows the call shows its address.
class Elsewhere {
  constructor(call, media) {
    this.call = call;
    this.media = media;
  }

  async start() {
    this.call.told('elsewhere', this.media);
  }

  async send() {}

  track() {}

  close() {}
}

const WAYS = {sfu: Unit, mesh: Mesh, jitsi: Elsewhere, livekit: Elsewhere};

export class CarewireCall extends EventTarget {
  constructor({url, token, meetingId, deviceId, displayName}) {
    super();
    this.meetingId = meetingId;
    this.deviceId = deviceId;
    this.displayName = displayName;
    this.socket = new Socket(url, typeof token === 'function' ? token : async () => token);
    this.local = new Map();
    this.participants = new Map();
    this.slots = [];
    this.state = 'new';
    this.speaker = null;
    this.seq = 0;
    this.listen();
  }

  told(name, detail) {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }

  become(state, detail) {
    this.state = state;
    this.told('state', detail);
  }

  ask(name, payload = {}) {
    return this.socket.ask(name, {meeting_id: this.meetingId, ...payload});
  }

  listen() {
    const {socket} = this;
    const mine = (handler) => (payload) => payload.meeting_id === this.meetingId && handler(payload);
    socket.addEventListener('lost', () => this.seated && this.become('reconnecting'));
    socket.addEventListener('back', () => this.comeBack());
    for (const name of ['participant_joined', 'participant_updated']) {
      socket.on(name, (payload) => this.numbered(payload, () => this.know(payload.participant)));
    }
    socket.on('participant_left', (payload) => this.numbered(payload, () => {
      this.participants.delete(payload.participant.participant_id);
      this.told('participants');
    }));
    socket.on('meeting_updated', (payload) => this.numbered(payload, () => {
      this.meeting = payload.meeting;
      this.told('meeting', payload.change);
      if (['ended', 'cancelled', 'missed'].includes(payload.meeting.status)) this.leaveNow('ended');
    }));
    socket.on('recording_status', mine((payload) => {
      this.recording = payload.recording;
      this.told('recording', payload.recording);
    }));
    socket.on('recording_consent_requested', mine((payload) => this.told('consent', payload)));
    socket.on('meeting_media', mine(({media, ticket}) => this.move(media, ticket)));
    socket.on('meeting_slots', mine(({slots, epoch}) => this.fill(slots, epoch)));
    socket.on('meeting_signal', mine((signal) => {
      if (this.way instanceof Mesh && signal.epoch === this.way.media.epoch) this.way.heard(signal);
    }));
    socket.on('active_speaker', mine(({participant_id: id}) => {
      this.speaker = id;
      this.told('speaker', id);
    }));
    socket.on('meeting_quality', mine(({participants}) => this.told('quality', participants)));
    socket.on('meeting_ending', mine(({ends_in_s: seconds}) => this.told('ending', seconds)));
    socket.on('meeting_admitted', mine(() => this.enter()));
    socket.on('meeting_denied', mine(() => this.leaveNow('denied')));
    socket.on('unmute_requested', mine((payload) => this.told('unmute', payload)));
    socket.on('screen_requested', mine((payload) => this.told('screen', payload)));
    socket.on('lobby_updated', mine(({waiting}) => this.told('lobby', waiting)));
    socket.on('meeting_left', mine(({reason}) => (reason === 'lobby' ? this.wait() : this.leaveNow(reason))));
  }

  // What has a number comes in order; a gap is asked for once.
  numbered(payload, take) {
    if (payload.meeting_id !== this.meetingId || (payload.seq && payload.seq <= this.seq)) return;
    if (payload.seq && this.seq && payload.seq > this.seq + 1) this.catchUp();
    if (payload.seq) this.seq = payload.seq;
    take();
  }

  async catchUp() {
    const seen = await this.ask('watch_meeting').catch(() => null);
    if (!seen) return;
    this.meeting = seen.meeting;
    this.participants = new Map(seen.participants.map((each) => [each.participant_id, each]));
    this.told('participants');
  }

  know(participant) {
    this.participants.set(participant.participant_id, participant);
    this.told('participants');
  }

  // Join with what is wanted of one's own; media that cannot be had is left out.
  async join({microphone = true, camera = true, takeOver = false, consent} = {}) {
    this.wanted = {takeOver, consent};
    await this.take({audio: microphone, video: camera && {width: {ideal: 1280}, height: {ideal: 720}}});
    await this.socket.connect();
    await this.enter();
  }

  async take(wanted) {
    if (!wanted.audio && !wanted.video) return;
    try {
      const stream = await navigator.mediaDevices.getUserMedia(wanted);
      for (const track of stream.getTracks()) this.local.set(track.kind === 'audio' ? 'microphone' : 'camera', track);
    } catch (error) {
      if (wanted.audio && wanted.video) {
        await this.take({audio: wanted.audio});
        await this.take({video: wanted.video});
      } else this.told('refused', error);
    }
    this.told('local');
  }

  async enter() {
    const {takeOver, consent} = this.wanted;
    const asked = {take_over: takeOver};
    if (this.deviceId) asked.device_id = this.deviceId;
    if (this.displayName) asked.display_name = this.displayName;
    if (consent) asked.consent = consent;
    const joined = await this.ask('join_video_room', asked);
    this.meeting = joined.meeting;
    if (joined.state === 'waiting') {
      this.wait(joined.position);
      return;
    }
    this.seated = true;
    this.seq = joined.seq;
    this.me = joined.participant;
    this.recording = joined.meeting.recording;
    this.participants = new Map(joined.participants.map((each) => [each.participant_id, each]));
    this.ice = {iceServers: joined.ice_servers, iceTransportPolicy: joined.ice_transport_policy};
    this.hold(joined.ticket);
    this.told('participants');
    const {way} = this;
    const stands = way && way.pc && way.pc.connectionState === 'connected' && way.media.epoch === joined.media.epoch;
    if (stands && joined.resumed) this.become('connected');
    else await this.move(joined.media, joined.ticket);
    this.reporting ||= setInterval(() => this.report(), REPORT_MS);
  }

  wait(position) {
    this.seated = false;
    this.hangUp();
    this.become('waiting', position);
  }

  async comeBack() {
    if (!this.seated && this.state !== 'waiting') return;
    try {
      await this.enter();
    } catch (error) {
      this.stumbled(error, () => this.comeBack());
    }
  }

  hold(ticket) {
    this.ticket = ticket;
    this.ticketAt = Date.now();
  }

  async freshTicket() {
    if (Date.now() - this.ticketAt > FRESH_S * 1000) this.hold((await this.ask('refresh_ticket')).ticket);
    return this.ticket.token;
  }

  connection(changed) {
    const pc = new RTCPeerConnection({...this.ice, bundlePolicy: 'max-bundle'});
    pc.onconnectionstatechange = () => {
      if (!this.way || this.way.pc !== pc) return;
      if (pc.connectionState === 'connected') this.become('connected');
      changed(pc.connectionState);
    };
    return pc;
  }

  // Media goes another way from now on. What was shown before goes when the new way is there.
  async move(media, ticket) {
    if (ticket) this.hold(ticket);
    if (this.way && this.way.media.provider === media.provider && this.way.media.epoch > media.epoch) return;
    this.hangUp();
    this.become('connecting');
    const way = (this.way = new WAYS[media.provider](this, media));
    try {
      await way.start();
    } catch (error) {
      if (this.way === way) this.stumbled(error, () => this.way === way && this.move(media));
    }
  }

  stumbled(error, again) {
    if (!this.seated) return;
    if (error.code === 'failed_precondition' && error.details.reason === 'epoch') return; // the next move is on its way
    if (error.code === 'unavailable' || error.code === 'rate_limited' || error.code === 'overloaded') {
      setTimeout(() => this.seated && again(), (error.retryAfter || 1) * 1000);
      return;
    }
    this.told('refused', error);
  }

  fill(slots, epoch) {
    if (!this.way || epoch !== this.way.media.epoch) return;
    this.slots = slots;
    this.told('slots');
  }

  trackOf(slot) {
    return slot.track || (this.way && this.way.track(slot.mid));
  }

  async set(source, on) {
    const track = this.local.get(source);
    await this.ask('set_media', {[source]: on});
    if (track) track.enabled = on;
    else if (on) {
      await this.take(source === 'microphone' ? {audio: true} : {video: true});
      if (this.way) await this.way.send(source, this.local.get(source));
    }
    this.told('local');
  }

  async shareScreen() {
    const stream = await navigator.mediaDevices.getDisplayMedia({video: true});
    const [track] = stream.getVideoTracks();
    try {
      await this.ask('share_screen');
    } catch (error) {
      track.stop();
      throw error;
    }
    track.onended = () => this.stopScreen();
    this.local.set('screen', track);
    if (this.way) await this.way.send('screen', track);
  }

  async stopScreen() {
    const track = this.local.get('screen');
    this.local.delete('screen');
    if (track) track.stop();
    if (this.way) await this.way.send('screen', null);
    await this.ask('stop_screen');
  }

  answerConsent(request, granted) {
    const {recording_id: id, text_version: version} = request;
    return this.socket.ask('answer_recording_consent', {recording_id: id, granted, text_version: version});
  }

  withdrawConsent() {
    const mine = this.recording.consents.find((each) => each.participant_id === this.me.participant_id);
    return this.answerConsent({recording_id: this.recording.id, text_version: mine.text_version}, false);
  }

  subscribe(tracks) {
    return this.ask('subscribe_tracks', {tracks});
  }

  async report() {
    const pc = this.way && this.way.pc;
    if (!this.seated || !this.socket.open) return;
    const report = {};
    if (pc && pc.connectionState === 'connected') {
      for (const stats of (await pc.getStats()).values()) {
        if (stats.type === 'candidate-pair' && stats.nominated && stats.currentRoundTripTime !== undefined) {
          report.rtt_ms = Math.round(stats.currentRoundTripTime * 1000);
        }
        if (stats.type === 'outbound-rtp' && stats.kind === 'video' && stats.framesPerSecond) {
          report.fps = Math.max(report.fps || 0, Math.round(stats.framesPerSecond));
          if (['cpu', 'bandwidth'].includes(stats.qualityLimitationReason)) {
            report.limited_by = stats.qualityLimitationReason;
          }
        }
      }
    }
    if (pc && pc.connectionState !== 'connected' && !(this.way instanceof Elsewhere)) return;
    await this.ask('report_quality', report).catch(() => {});
  }

  hangUp() {
    const {way} = this;
    this.way = null;
    this.slots = [];
    if (way) way.close();
    this.told('slots');
  }

  leaveNow(reason) {
    if (this.state === 'over') return;
    this.seated = false;
    clearInterval(this.reporting);
    this.hangUp();
    for (const track of this.local.values()) track.stop();
    this.socket.close();
    this.become('over', reason);
    this.told('ended', reason);
  }

  async leave() {
    await this.ask('leave_video_room').catch(() => {});
    this.leaveNow('left');
  }
}

// A call as a page: pictures, one's own in a corner, a banner that stays while anything is recorded.
export class CallView {
  constructor(call, root) {
    this.call = call;
    this.root = root;
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.pictures = new Map();
    for (const name of ['state', 'participants', 'slots', 'speaker', 'local', 'recording', 'quality']) {
      call.addEventListener(name, () => this.draw());
    }
    call.addEventListener('consent', ({detail}) => this.askConsent(detail));
    call.addEventListener('refused', ({detail}) => this.say(detail.message));
    call.addEventListener('elsewhere', ({detail}) => this.goElsewhere(detail));
    call.addEventListener('ending', ({detail}) => this.say(`This meeting ends in ${Math.round(detail / 60)} minutes.`));
    this.bind('microphone', () => call.set('microphone', !this.on('microphone')));
    this.bind('camera', () => call.set('camera', !this.on('camera')));
    this.bind('screen', () => (call.local.has('screen') ? call.stopScreen() : call.shareScreen()));
    this.bind('picture', () => this.inPicture());
    this.bind('leave', () => call.leave());
  }

  bind(name, act) {
    const button = this.part(name);
    if (button) button.onclick = () => Promise.resolve(act()).catch((error) => this.say(error.message));
  }

  on(source) {
    const track = this.call.local.get(source);
    return Boolean(track && track.enabled);
  }

  say(text) {
    this.part('words').textContent = text;
  }

  draw() {
    const {call} = this;
    this.root.dataset.state = call.state;
    this.part('state').textContent = call.state;
    this.drawOwn();
    this.drawSlots();
    this.drawBanner();
    for (const source of ['microphone', 'camera']) {
      const button = this.part(source);
      if (button) button.setAttribute('aria-pressed', String(this.on(source)));
    }
  }

  drawOwn() {
    const own = this.part('own');
    const track = this.call.local.get('camera');
    const shown = own.srcObject && own.srcObject.getVideoTracks()[0];
    if (track && shown !== track) own.srcObject = new MediaStream([track]);
    own.hidden = !this.on('camera');
  }

  drawSlots() {
    const {call} = this;
    const wanted = new Set();
    for (const slot of call.slots) {
      const track = call.trackOf(slot);
      if (!slot.participant_id || !track) continue;
      wanted.add(slot.mid);
      const shown = this.pictures.get(slot.mid) || this.picture(slot);
      if (shown.element.srcObject?.getTracks()[0] !== track) shown.element.srcObject = new MediaStream([track]);
      const person = call.participants.get(slot.participant_id);
      shown.figure.dataset.participant = slot.participant_id;
      shown.figure.dataset.source = slot.source;
      shown.figure.dataset.speaks = String(call.speaker === slot.participant_id);
      const away = person && person.state === 'reconnecting' ? ' (reconnecting)' : '';
      shown.caption.textContent = (person ? person.display_name : '') + away;
    }
    for (const [mid, shown] of this.pictures) {
      if (wanted.has(mid)) continue;
      shown.figure.remove();
      this.pictures.delete(mid);
    }
  }

  picture(slot) {
    const figure = document.createElement('figure');
    const element = document.createElement(slot.kind);
    const caption = document.createElement('figcaption');
    Object.assign(element, {autoplay: true, playsInline: true});
    figure.className = slot.kind;
    figure.append(element, caption);
    this.part('others').append(figure);
    const shown = {figure, element, caption};
    this.pictures.set(slot.mid, shown);
    return shown;
  }

  drawBanner() {
    const {recording} = this.call;
    const runs = recording && ['starting', 'recording'].includes(recording.status);
    const banner = this.part('banner');
    banner.hidden = !runs;
    if (!runs) return;
    banner.textContent = 'This meeting is being recorded. ';
    const button = document.createElement('button');
    button.textContent = 'Take my consent back';
    button.onclick = () => this.call.withdrawConsent().catch((error) => this.say(error.message));
    banner.append(button);
  }

  askConsent(request) {
    const asked = this.part('consent');
    asked.hidden = false;
    this.part('consent-text').textContent = request.text;
    const answer = (granted) => async () => {
      await this.call.answerConsent(request, granted).catch((error) => this.say(error.message));
      asked.hidden = true;
    };
    this.part('grant').onclick = answer(true);
    this.part('refuse').onclick = answer(false);
  }

  goElsewhere({url}) {
    const link = document.createElement('a');
    Object.assign(link, {href: url, target: '_blank', rel: 'noopener', textContent: 'Continue in the other room'});
    this.say('');
    this.part('words').append(link);
  }

  async inPicture() {
    if (document.pictureInPictureElement) {
      await document.exitPictureInPicture();
      return;
    }
    const first = [...this.pictures.values()].find(({element}) => element instanceof HTMLVideoElement);
    if (first) await first.element.requestPictureInPicture();
  }
}

const begin = (root) => {
  const form = root.querySelector('form');
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of ['url', 'meeting', 'token']) {
    if (given.has(name)) form.elements[name].value = given.get(name);
  }
  form.onsubmit = async (event) => {
    event.preventDefault();
    const {url, meeting, token} = form.elements;
    const call = new CarewireCall({url: url.value, token: token.value, meetingId: meeting.value});
    const view = new CallView(call, root);
    window.carewireCall = call;
    form.hidden = true;
    try {
      await call.join({takeOver: true});
    } catch (error) {
      form.hidden = false;
      view.say(error.message);
    }
    view.draw();
  };
};

const page = typeof document === 'undefined' ? null : document.querySelector('[data-carewire-call]');
if (page) begin(page);
