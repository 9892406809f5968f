/*
 * The Signet protocol for one device: its server, a network that delays, doubles, loses and reorders messages, an operator, and the faults that a
 * variant adds. README.md states what is checked, the bounds, and the cost.
 *
 * There is one process. It takes one step at a time, and spin tries every order of steps. Each message stays in a pool after it was sent: the network
 * may deliver it at once, late, twice or never. An answer counts only for the message that the device sent last, so only the answers to
 * that message are kept; the device may read any of them, or none.
 *
 * The index of a report stands for its hash, and the index of a session for its random bytes.
 */

/* Bounds: how often each thing may happen before the network is kind. */
#ifndef ENROLS
#define ENROLS 3
#endif
#ifndef REPORTS
#define REPORTS 3
#endif
#ifndef RESTARTS
#define RESTARTS 0
#endif
#ifndef ROTATIONS /* 0 or 1 */
#define ROTATIONS 0
#endif
#ifndef DECISIONS /* of the operator: suspend, restore; revoke with REVOKES */
#define DECISIONS 0
#endif
#ifndef BACKUPS /* each is restored at most once, in any order */
#define BACKUPS 0
#endif
#ifndef ROLLBACKS /* of the device's flash */
#define ROLLBACKS 0
#endif
#ifndef THIEF /* signs orders, enrolled and refusals with another key that the device trusts */
#define THIEF 0
#endif

/* How many more of each the device may need after that. */
#define KIND_ENROLS 3
#define KIND_REPORTS 4
#define ALL_ENROLS (ENROLS + KIND_ENROLS)
#define ALL_REPORTS (REPORTS + KIND_REPORTS)

/* What a device does: it must enrol, waits for the answer to an enrol, has nothing under way, waits for a receipt. */
#define OFF 0
#define DUE 1
#define ENROL 2
#define IDLE 3
#define REPORT 4

/* The states of a row. */
#define NONE 0
#define ACTIVE 1
#define SUSPENDED 2
#define REVOKED 3
#define REPLACED 4

/* The doubt about a session. */
#define SURE 0
#define GAP 1
#define WENT_BACK 2
#define TWO_LIVES 3

/* The server's order to rotate. */
#define QUEUED 1
#define VOID 2

/* Signed answers, as bits. */
#define ENROLLED 1
#define RECEIPT 2
#define ORDER 4 /* a receipt and a downlink with the order */
#define SUSPENDED_NOW 8
#define REVOKED_NOW 16
#define STALE 32
#define FORKED 64
#define HANDOVER_REFUSED 128

/*
 * Faults, set to 1 to see that the check finds them. TODAY is the protocol as it was before reports named their session, in commit f32970b.
 */
#ifdef TODAY
#define UNBOUND 1
#define ABANDONS 1
#endif
#ifndef UNBOUND /* reports name no session */
#define UNBOUND 0
#endif
#ifndef ABANDONS /* any signed refusal makes the device forget its next key */
#define ABANDONS 0
#endif
#ifndef FORGETS_KEY /* a refused handover makes the device forget its next key, an enrolled of the next key makes it forget the key before */
#define FORGETS_KEY 0
#endif
#ifndef FORGETS_DOUBT /* a session does not keep the doubt of the session that its enrol names */
#define FORGETS_DOUBT 0
#endif
#ifndef PROVES_BY_EPOCH /* a restored database gives the same epochs out again, and epochs alone prove two lives */
#define PROVES_BY_EPOCH 0
#endif
#ifndef EXPIRY_REFUSES /* an expired order refuses also a key that took over before the restore */
#define EXPIRY_REFUSES 0
#endif

#if defined(CLONE) && (ROTATIONS > 0 || BACKUPS > 0 || ROLLBACKS > 0)
#error A clone would share the next key of its original, and a restore may lose what it reported.
#endif

#define D 0 /* the device */
#define C 1 /* its clone */

typedef EnrolMessage {
  byte by, key;
  byte named;    /* the session named; 0: none */
  byte claim;    /* the last report with a receipt, while the device lives; 0: none */
  byte handover; /* the handover's head + 1; 0: no handover */
  bool forged;   /* the token in the handover is a thief's */
  bool spent     /* its nonce is used up or void */
};
typedef ReportMessage {
  byte by, key, session, prev, counter, reading
};
typedef Row {
  byte state, session, epoch, head;
  byte confirmed; /* the last session in which a report arrived */
  bool gap        /* a gap that the next report names in the log */
};
/* Row 0 is of the first key, row 1 of its successor. */
typedef Database {
  Row row[2];
  short stored; /* reports, as bits */
  byte order;
  byte epochs[ALL_REPORTS + 1]; /* of the stored reports; only UNBOUND reads them */
  bool gapNamed;                /* for the check: the log has a gap; a report of the clone is stored */
  bool cloneReported
};
typedef Device {
  /* In flash. */
  byte key;      /* the key: 0, or 1 once its successor is enrolled; then 0 is kept beside it */
  byte handover; /* the successor's record: the handover's head + 1; 0: none */
  byte named, namedKey, counter;
  bool obeyed, forged; /* an order; one of a thief */
  /* In RAM. */
  byte phase, message, session, prev, claim, reading, report;
  bool order, fallen /* it speaks with key 0, since the handover was refused */
};
typedef Answers {
  byte kinds, session, head
};

EnrolMessage enrol[ALL_ENROLS + 1];
ReportMessage report[ALL_REPORTS + 1];
byte enrols, reports;
byte sessions;
byte epoch[ALL_ENROLS + 1]; /* of each session, and its doubt; both are in the session's bytes */
byte doubt[ALL_ENROLS + 1];
Database db;
Device dev[2];
Answers answers[2];

/* For the check. */
short receipted;  /* readings, as bits */
short excepted;   /* readings that were taken before a restore */
bool found;       /* the log has an alarm that another device may hold the key */
byte lost;        /* a report that the device still names and that the restored database lacks */
byte restarts, decisions, rollbacks, thefts;
bool revoked, expired;

#define bit(n) (1 << (n))
#define stored(r) ((db.stored & bit(r)) != 0 || (r) == 0)
#define speaks(h) (dev[h].fallen -> 0 : (dev[h].handover != 0 -> 1 : dev[h].key))
#define rotating(h) (dev[h].handover != 0 && dev[h].key == 0 && !dev[h].fallen)

/* ---- The server: `m` is the message that it is asked to take, `k` its key ------------------------------------------- */

#define asked enrol[m]
#define told report[m]
#define mine db.row[k]
#define tip report[mine.head]

/* The signed answer to a key whose row is not active; none to an unknown key. */
#define refusal(is) (is == NONE -> 0 : (is == SUSPENDED -> SUSPENDED_NOW : REVOKED_NOW))

/* Answer an enrol or a report, if its sender still waits for that. */
inline answerEnrol(what) {
  if
  :: dev[asked.by].phase == ENROL && dev[asked.by].message == m ->
    answers[asked.by].kinds = answers[asked.by].kinds | (what)
  :: else
  fi
}
inline answerReport(what) {
  if
  :: dev[told.by].phase == REPORT && dev[told.by].message == m ->
    answers[told.by].kinds = answers[told.by].kinds | (what)
  :: else
  fi
}

/*
 * Put the doubt about the new session into `verdict`. `p` is the session that the enrol names, `c` the report whose receipt it claims.
 * If no report arrived in a session since `p` was given, the doubt about `p` stays.
 */
inline judge() {
  p = asked.named;
  c = asked.claim;
  if
  :: p == mine.confirmed -> verdict = SURE
  :: p != mine.confirmed && epoch[p] > mine.epoch -> verdict = GAP
  :: p != mine.confirmed && epoch[p] <= mine.epoch && epoch[p] > epoch[mine.confirmed] ->
    verdict = (FORGETS_DOUBT -> SURE : doubt[p])
  :: p != mine.confirmed && epoch[p] <= epoch[mine.confirmed] ->
    verdict = (c != 0 && (PROVES_BY_EPOCH || (stored(c) && report[c].session == p)) -> TWO_LIVES : WENT_BACK)
  fi;
  mine.gap = mine.gap || verdict == GAP || (c != 0 && !stored(c) && report[c].counter > tip.counter)
}

/* Begin a session with the doubt `verdict`, and answer `enrolled`. */
inline begin() {
  sessions++;
  mine.epoch = (epoch[p] > mine.epoch && !PROVES_BY_EPOCH -> epoch[p] : mine.epoch) + 1;
  mine.session = sessions;
  epoch[sessions] = mine.epoch;
  doubt[sessions] = verdict;
  if
  :: dev[asked.by].phase == ENROL && dev[asked.by].message == m ->
    answers[asked.by].session = sessions;
    answers[asked.by].head = mine.head
  :: else
  fi;
  answerEnrol(ENROLLED)
}

/* Replace the first key by the next one, or refuse it. `c` is the head that the handover names. A restored database may not know the first key. */
inline takeOver() {
  c = asked.handover - 1;
  k = 0;
  if
  :: mine.state > ACTIVE -> answerEnrol(refusal(mine.state))
  :: mine.state <= ACTIVE && asked.forged -> answerEnrol(HANDOVER_REFUSED)
  :: mine.state <= ACTIVE && !asked.forged && (db.order == VOID || (db.order == QUEUED && expired && (asked.named == 0 || EXPIRY_REFUSES)) ||
     report[c].counter < tip.counter || (report[c].counter == tip.counter && c != mine.head)) ->
    answerEnrol(HANDOVER_REFUSED);
    db.order = VOID
  :: else ->
    mine.state = REPLACED;
    isAhead = report[c].counter > tip.counter;
    k = 1;
    mine.state = ACTIVE;
    mine.gap = isAhead;
    judge();
    begin()
  fi
}

/* POST /v1/enrol */
inline serveEnrol(n) {
  m = n;
  k = asked.key;
  if
  :: mine.state > ACTIVE -> answerEnrol(refusal(mine.state))
  :: mine.state <= ACTIVE && asked.spent /* stale-nonce, unsigned */
  :: mine.state == NONE && !asked.spent && asked.handover != 0 ->
    asked.spent = true;
    takeOver()
  :: !asked.spent && (mine.state == ACTIVE || (mine.state == NONE && asked.handover == 0)) ->
    asked.spent = true;
    mine.state = ACTIVE;
    judge();
    begin()
  fi;
  printf("server takes enrol %d: row %d is %d, session %d (epoch %d), doubt %d\n", m, k, mine.state, mine.session, mine.epoch, doubt[mine.session])
}

/* The report proves that two devices hold the key. */
inline prove() {
  assert(dev[C].phase != OFF); /* (a) an honest device is not suspended */
  found = true;
  mine.state = SUSPENDED;
  answerReport(FORKED)
}

/* Answer a stored report, with the order if one is queued. */
inline receipt() {
  answerReport((db.order == QUEUED && !expired && k == 0 -> ORDER : RECEIPT))
}

/* Store a report that follows the head. */
inline accept() {
  db.stored = db.stored | bit(m);
  db.epochs[m] = mine.epoch;
  mine.head = m;
  if
  :: told.by == C -> db.cloneReported = true
  :: else -> assert(!db.cloneReported || found) /* (c) the clone is found when the device reports after it */
  fi;
  receipt()
}

/* Answer a report that does not follow the head. Another report of this session with its counter or its predecessor is the proof. */
inline stray() {
  isKnown = false;
  j = 1;
  do
  :: j > reports -> break
  :: else ->
    isKnown = isKnown || (stored(j) && report[j].session == told.session &&
              (report[j].counter == told.counter || report[j].prev == told.prev));
    j++
  od;
  if
  :: isKnown -> prove()
  :: else -> answerReport(STALE)
  fi
}

/* The same with the fault UNBOUND. `c` is the stored report with the lowest counter above the predecessor's. */
inline strayUnbound() {
  isKnown = false;
  c = 0;
  j = 1;
  do
  :: j > reports -> break
  :: stored(j) && report[j].key == k ->
    isKnown = isKnown || report[j].counter == told.counter;
    c = (report[j].counter > report[told.prev].counter && (c == 0 || report[j].counter < report[c].counter) -> j : c);
    j++
  :: else -> j++
  od;
  if
  :: isKnown -> prove()
  :: !isKnown && ((told.prev != 0 && !stored(told.prev)) || c == 0 || (report[c].counter > told.counter &&
     db.epochs[c] > (told.prev == 0 -> 1 : db.epochs[told.prev]))) ->
    found = true;
    answerReport(FORKED)
  :: else -> prove()
  fi
}

/* Take the first report of a session: act on the doubt. */
inline confirm() {
  mine.confirmed = told.session;
  db.gapNamed = db.gapNamed || mine.gap;
  mine.gap = false;
  if
  :: doubt[told.session] == TWO_LIVES -> prove()
  :: else ->
    found = found || doubt[told.session] == WENT_BACK;
    accept()
  fi
}

#define follows (told.counter > tip.counter && told.prev == mine.head)
#define current (told.session == mine.session)

/* POST /v1/reports */
inline serveReport(n) {
  m = n;
  k = told.key;
  if
  :: mine.state != ACTIVE -> answerReport(refusal(mine.state))
  :: mine.state == ACTIVE && stored(m) && (!UNBOUND || m == mine.head) -> receipt()
  :: mine.state == ACTIVE && stored(m) && UNBOUND && m != mine.head -> answerReport(STALE) /* replayed */
  :: mine.state == ACTIVE && !stored(m) && UNBOUND && follows -> accept()
  :: mine.state == ACTIVE && !stored(m) && UNBOUND && !follows -> strayUnbound()
  :: mine.state == ACTIVE && !stored(m) && !UNBOUND && !current -> answerReport(STALE)
  :: mine.state == ACTIVE && !stored(m) && !UNBOUND && current && !follows -> stray()
  :: mine.state == ACTIVE && !stored(m) && !UNBOUND && current && follows && told.session == mine.confirmed -> accept()
  :: mine.state == ACTIVE && !stored(m) && !UNBOUND && current && follows && told.session != mine.confirmed -> confirm()
  fi;
  printf("server takes report %d: row %d is %d, session %d, head %d, stored %d\n", m, k, mine.state, mine.session, mine.head, stored(m))
}

/* ---- The device ---------------------------------------------------------------------------------------------------- */

/* Go to phase `next` with message `m`; answers to the message before no longer count. */
inline sends(h, next, m) {
  dev[h].phase = next;
  dev[h].message = m;
  answers[h].kinds = 0;
  answers[h].session = 0;
  answers[h].head = 0
}

/* Send an enrol: the first one, or another one because the last message was not answered. */
inline makeEnrol(h) {
  enrols++;
  enrol[enrols].by = h;
  enrol[enrols].key = speaks(h);
  enrol[enrols].named = (dev[h].namedKey == speaks(h) -> dev[h].named : 0);
  enrol[enrols].claim = dev[h].claim;
  enrol[enrols].handover = (dev[h].fallen -> 0 : dev[h].handover);
  enrol[enrols].forged = dev[h].forged && !dev[h].fallen;
  sends(h, ENROL, enrols);
  printf("%c sends enrol %d, key %d, session %d, claims %d, handover %d\n", 68 - h, enrols, speaks(h), enrol[enrols].named, dev[h].claim, dev[h].handover)
}

/* Store the session in flash, then send the reading as a report of it. */
inline makeReport(h) {
  reports++;
  dev[h].named = dev[h].session;
  dev[h].namedKey = speaks(h);
  dev[h].counter++;
  if
  :: dev[h].reading == 0 -> dev[h].reading = reports
  :: else
  fi;
  report[reports].by = h;
  report[reports].key = speaks(h);
  report[reports].session = dev[h].session;
  report[reports].prev = dev[h].prev;
  report[reports].counter = dev[h].counter;
  report[reports].reading = dev[h].reading;
  dev[h].report = reports;
  sends(h, REPORT, reports);
  printf("%c sends report %d, key %d, session %d, after %d, counter %d, reading %d\n", 68 - h, reports, speaks(h), dev[h].session, dev[h].prev, dev[h].counter, dev[h].reading)
}

/* Obey the order: make the next key and the handover to it. */
inline rotate(h) {
  printf("%c makes its next key\n", 68 - h);
  dev[h].handover = dev[h].prev + 1;
  dev[h].obeyed = true;
  dev[h].order = false;
  dev[h].claim = 0;
  dev[h].report = 0;
  sends(h, DUE, 0)
}

/* The server has the reading that was under way. */
inline delivered(h) {
  if
  :: h == D -> receipted = receipted | bit(dev[h].reading)
  :: else
  fi;
  dev[h].reading = 0;
  dev[h].report = 0
}

/* Take `enrolled`: its session and its head. The first one of the next key ends the rotation. */
inline adopt(h) {
  if
  :: rotating(h) ->
    dev[h].key = 1;
    dev[h].named = answers[h].session;
    dev[h].namedKey = 1
  :: else
  fi;
  if
  :: dev[h].report != 0 && dev[h].report == answers[h].head -> delivered(h)
  :: else
  fi;
  dev[h].claim = 0;
  dev[h].session = answers[h].session;
  dev[h].prev = answers[h].head;
  dev[h].counter = (report[dev[h].prev].counter > dev[h].counter -> report[dev[h].prev].counter : dev[h].counter);
  sends(h, IDLE, 0)
}

/* Take a signed refusal of the handover: go on with the key before. */
inline fallBack(h) {
  if
  :: rotating(h) && (ABANDONS || FORGETS_KEY) -> dev[h].handover = 0
  :: dev[h].handover != 0 && !ABANDONS && !FORGETS_KEY -> dev[h].fallen = true
  :: else
  fi;
  dev[h].claim = 0;
  lost = 0; /* the device names this report no more */
  sends(h, DUE, 0)
}

/* Take one answer to the message that was sent last. */
inline take(h, what) {
  printf("%c takes answer %d\n", 68 - h, what);
  if
  :: what == ENROLLED -> adopt(h)
  :: what == RECEIPT || what == ORDER ->
    delivered(h);
    dev[h].claim = dev[h].message;
    dev[h].prev = dev[h].message;
    dev[h].order = (what == ORDER && !dev[h].obeyed);
    sends(h, IDLE, 0)
  :: what == HANDOVER_REFUSED -> fallBack(h)
  :: what == SUSPENDED_NOW && ABANDONS -> fallBack(h)
  :: what == REVOKED_NOW && dev[h].fallen ->
    dev[h].fallen = false;
    dev[h].claim = 0;
    sends(h, DUE, 0)
  :: else -> sends(h, DUE, 0)
  fi
}

/* Lose what is in RAM. */
inline restart(h) {
  printf("%c restarts\n", 68 - h);
  dev[h].session = 0;
  dev[h].prev = 0;
  dev[h].claim = 0;
  dev[h].reading = 0;
  dev[h].report = 0;
  dev[h].order = false;
  dev[h].fallen = false;
  lost = (h == D -> 0 : lost);
  sends(h, DUE, 0)
}

/* ---- Backups and copies ------------------------------------------------------------------------------------------------ */

#if BACKUPS > 0
Database backup[BACKUPS];
bool taken[BACKUPS], restored[BACKUPS];

inline copyDatabase(to, from) {
  j = 0;
  do
  :: j > 1 -> break
  :: else ->
    to.row[j].state = from.row[j].state;
    to.row[j].session = from.row[j].session;
    to.row[j].epoch = from.row[j].epoch;
    to.row[j].head = from.row[j].head;
    to.row[j].confirmed = from.row[j].confirmed;
    to.row[j].gap = from.row[j].gap;
    j++
  od;
  to.stored = from.stored;
  to.order = from.order;
  to.gapNamed = from.gapNamed;
  to.cloneReported = from.cloneReported;
  j = 0;
  do
  :: j > ALL_REPORTS -> break
  :: else ->
    to.epochs[j] = from.epochs[j];
    j++
  od
}

/* Restore a backup. That takes longer than a nonce is valid. Readings from before are excepted from (e). */
inline restoreBackup(n) {
  printf("backup %d is restored\n", n);
  restored[n] = true;
  copyDatabase(db, backup[n]);
  j = 1;
  do
  :: j > enrols -> break
  :: else ->
    enrol[j].spent = true;
    j++
  od;
  j = 1;
  do
  :: j > reports -> break
  :: else ->
    excepted = excepted | bit(report[j].reading);
    j++
  od;
  lost = (stored(dev[D].claim) || dev[D].phase == ENROL -> 0 : dev[D].claim)
}
#endif

#if ROLLBACKS > 0
Device image;
bool imaged;
#endif

inline copyFlash(to, from) {
  to.key = from.key;
  to.handover = from.handover;
  to.named = from.named;
  to.namedKey = from.namedKey;
  to.counter = from.counter;
  to.obeyed = from.obeyed;
  to.forged = from.forged
}

/* ---- What must hold once the network is kind ------------------------------------------------------------------------ */

/* (d) Every message and answer arrives, and the operator takes back a suspension: the device gets a receipt within the bounds. */
inline kind() {
  if
  :: db.row[0].state == SUSPENDED -> db.row[0].state = ACTIVE
  :: else
  fi;
  if
  :: db.row[1].state == SUSPENDED -> db.row[1].state = ACTIVE
  :: else
  fi;
  answers[D].kinds = 0;
  printf("the network is kind\n");
  do
  :: dev[D].phase == DUE ->
    assert(enrols < ALL_ENROLS);
    makeEnrol(D)
  :: dev[D].phase == IDLE && dev[D].order -> rotate(D)
  :: dev[D].phase == IDLE && !dev[D].order && heard -> break
  :: dev[D].phase == IDLE && !dev[D].order && !heard ->
    assert(reports < ALL_REPORTS);
    makeReport(D)
  :: dev[D].phase == ENROL ->
    serveEnrol(dev[D].message);
    j = answers[D].kinds;
    if
    :: j & ENROLLED -> take(D, ENROLLED)
    :: !(j & ENROLLED) && (j & HANDOVER_REFUSED) -> take(D, HANDOVER_REFUSED)
    :: !(j & (ENROLLED | HANDOVER_REFUSED)) && (j & REVOKED_NOW) -> take(D, REVOKED_NOW)
    :: else -> sends(D, DUE, 0)
    fi
  :: dev[D].phase == REPORT ->
    serveReport(dev[D].message);
    heard = (answers[D].kinds & (RECEIPT | ORDER)) != 0;
    if
    :: answers[D].kinds & ORDER -> take(D, ORDER)
    :: !(answers[D].kinds & ORDER) && (answers[D].kinds & RECEIPT) -> take(D, RECEIPT)
    :: else -> sends(D, DUE, 0)
    fi
  od
}

inline check() {
  /* (b) Both sides know one identity. */
  assert(db.row[speaks(D)].state == ACTIVE);
  assert(db.row[1 - speaks(D)].state == NONE || db.row[1 - speaks(D)].state == REPLACED);
  /* (a) There is no false alarm. A flash that went back, a restore that was undone, or a thief may cause one. */
  assert(!found || ROLLBACKS > 0 || BACKUPS > 1 || THIEF > 0);
  /* (e) Each reading is stored at most once, and exactly once if it has a receipt. A head of a thief may have it stored twice. */
  j = 1;
  do
  :: j > reports -> break
  :: else ->
    copies = 0;
    m = 1;
    do
    :: m > reports -> break
    :: else ->
      if
      :: report[m].reading == j && stored(m) -> copies++
      :: else
      fi;
      m++
    od;
    assert((excepted & bit(j)) || copies <= 1 || THIEF > 0);
    assert((excepted & bit(j)) || !(receipted & bit(j)) || copies == 1 || (THIEF > 0 && copies > 1));
    j++
  od;
  /* (f) The log names the gap that a restore left. */
  assert(lost == 0 || stored(lost) || db.gapNamed)
}

/* ---- Everything that can happen ------------------------------------------------------------------------------------- */

/* Temporary variables. They are 0 between steps. */
byte i, j, k, m, p, c, copies, verdict;
bool isKnown, isAhead, heard;

inline clear() {
  i = 0;
  j = 0;
  k = 0;
  m = 0;
  p = 0;
  c = 0;
  copies = 0;
  verdict = 0;
  isKnown = false;
  isAhead = false;
  heard = false
}

/* The steps of one device. */
#define HOLDER(h)                                                                                                        \
  :: d_step { dev[h].phase != OFF && dev[h].phase != IDLE && enrols < ENROLS -> makeEnrol(h); clear() }                   \
  :: d_step { dev[h].phase == IDLE && !dev[h].order && reports < REPORTS -> makeReport(h); clear() }                      \
  :: d_step { dev[h].phase == IDLE && dev[h].order -> rotate(h); clear() }                                                \
  :: d_step { answers[h].kinds & ENROLLED -> take(h, ENROLLED); clear() }                                                 \
  :: d_step { answers[h].kinds & RECEIPT -> take(h, RECEIPT); clear() }                                                   \
  :: d_step { answers[h].kinds & ORDER -> take(h, ORDER); clear() }                                                       \
  :: d_step { answers[h].kinds & SUSPENDED_NOW -> take(h, SUSPENDED_NOW); clear() }                                       \
  :: d_step { answers[h].kinds & REVOKED_NOW -> take(h, REVOKED_NOW); clear() }                                           \
  :: d_step { answers[h].kinds & STALE -> take(h, STALE); clear() }                                                       \
  :: d_step { answers[h].kinds & FORKED -> take(h, FORKED); clear() }                                                     \
  :: d_step { answers[h].kinds & HANDOVER_REFUSED -> take(h, HANDOVER_REFUSED); clear() }

init {
  d_step {
    dev[D].phase = DUE
  };
  do
  HOLDER(D)
  /* The network delivers a message of the pool. */
  :: atomic { enrols > 0 -> select(i : 1 .. enrols); d_step { serveEnrol(i); clear() } }
  :: atomic { reports > 0 -> select(i : 1 .. reports); d_step { serveReport(i); clear() } }
  :: d_step { restarts < RESTARTS -> restarts++; restart(D); clear() }
#if ROTATIONS > 0
  :: d_step { db.order == 0 && db.row[0].state == ACTIVE -> db.order = QUEUED }
  :: d_step { db.order == QUEUED && !expired -> expired = true }
#endif
#if DECISIONS > 0
  :: d_step { decisions < DECISIONS && db.row[0].state == ACTIVE -> decisions++; db.row[0].state = SUSPENDED }
  :: d_step { decisions < DECISIONS && db.row[1].state == ACTIVE -> decisions++; db.row[1].state = SUSPENDED }
  :: d_step { db.row[0].state == SUSPENDED -> db.row[0].state = ACTIVE }
  :: d_step { db.row[1].state == SUSPENDED -> db.row[1].state = ACTIVE }
#ifdef REVOKES
  :: d_step { !revoked && db.row[0].state == ACTIVE -> revoked = true; db.row[0].state = REVOKED }
  :: d_step { !revoked && db.row[1].state == ACTIVE -> revoked = true; db.row[1].state = REVOKED }
#endif
#endif
#if BACKUPS > 0
  :: d_step { !taken[0] -> taken[0] = true; copyDatabase(backup[0], db); printf("backup 0 is taken\n"); clear() }
  :: d_step { taken[0] && !restored[0] -> restoreBackup(0); clear() }
#if BACKUPS > 1
  :: d_step { taken[0] && !taken[1] -> taken[1] = true; copyDatabase(backup[1], db); printf("backup 1 is taken\n"); clear() }
  :: d_step { taken[1] && !restored[1] -> restoreBackup(1); clear() }
#endif
#endif
#if ROLLBACKS > 0
  :: d_step { !imaged -> imaged = true; copyFlash(image, dev[D]) }
  :: d_step { imaged && rollbacks < ROLLBACKS -> rollbacks++; copyFlash(dev[D], image); restart(D); clear() }
#endif
#if THIEF > 0
  /* The thief orders a rotation, and answers an enrol in place of the server. */
  :: d_step { thefts < THIEF && dev[D].phase == IDLE && !dev[D].obeyed -> thefts++; dev[D].order = true; dev[D].forged = true; clear() }
  :: d_step { thefts < THIEF && dev[D].phase == ENROL -> thefts++; answers[D].session = 0; answers[D].head = 0; take(D, ENROLLED); clear() }
  :: d_step { thefts < THIEF && dev[D].phase == ENROL -> thefts++; take(D, HANDOVER_REFUSED); clear() }
  :: d_step { thefts < THIEF && dev[D].phase == ENROL -> thefts++; take(D, REVOKED_NOW); clear() }
#endif
#ifdef CLONE
  :: d_step { dev[C].phase == OFF -> copyFlash(dev[C], dev[D]); dev[C].phase = DUE }
  HOLDER(C)
  /* A clone may name any session. */
  :: atomic { dev[C].phase > DUE && enrols < ENROLS -> select(i : 0 .. sessions); d_step { makeEnrol(C); enrol[enrols].named = i; clear() } }
#else
  :: break /* From now on the network is kind. */
#endif
  od;
  if
  :: revoked -> goto done /* A revoked device gets no receipt. */
  :: else
  fi;
  d_step {
    kind();
    check();
    clear()
  }
done:
  skip
}
