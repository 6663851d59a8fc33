-- For people with a database tool.
DROP VIEW IF EXISTS readable;
CREATE VIEW readable AS
  WITH named AS (
    SELECT seq, id, time, account, type, fault, code, terminal,
           coalesce((SELECT value FROM names WHERE ref = events.room), room) AS room,
           coalesce((SELECT value FROM names WHERE ref = events.session), session) AS session,
           coalesce((SELECT value FROM names WHERE ref = events.peer), peer) AS peer,
           coalesce((SELECT value FROM names WHERE ref = events.user), user) AS user
    FROM events
  )
  SELECT e.seq, lower(substr(hex(e.id),1,8)||'-'||substr(hex(e.id),9,4)||'-'||substr(hex(e.id),13,4)||'-'||substr(hex(e.id),17,4)||'-'||substr(hex(e.id),21)) AS id,
         strftime('%Y-%m-%dT%H:%M:%fZ', e.time / 1000000 / 1000.0, 'unixepoch') AS time,
         a.name AS account, t.name AS type,
         CASE WHEN typeof(e.room) <> 'blob' THEN e.room WHEN length(e.room) <> 16 THEN lower(hex(e.room))
              ELSE lower(substr(hex(e.room),1,8)||'-'||substr(hex(e.room),9,4)||'-'||substr(hex(e.room),13,4)||'-'||substr(hex(e.room),17,4)||'-'||substr(hex(e.room),21)) END AS room,
         CASE WHEN typeof(e.session) <> 'blob' THEN e.session WHEN length(e.session) <> 16 THEN lower(hex(e.session))
              ELSE lower(substr(hex(e.session),1,8)||'-'||substr(hex(e.session),9,4)||'-'||substr(hex(e.session),13,4)||'-'||substr(hex(e.session),17,4)||'-'||substr(hex(e.session),21)) END AS session,
         CASE WHEN typeof(e.peer) <> 'blob' THEN e.peer WHEN length(e.peer) <> 16 THEN lower(hex(e.peer))
              ELSE lower(substr(hex(e.peer),1,8)||'-'||substr(hex(e.peer),9,4)||'-'||substr(hex(e.peer),13,4)||'-'||substr(hex(e.peer),17,4)||'-'||substr(hex(e.peer),21)) END AS peer,
         CASE WHEN typeof(e.user) <> 'blob' THEN e.user WHEN length(e.user) <> 16 THEN lower(hex(e.user))
              ELSE lower(substr(hex(e.user),1,8)||'-'||substr(hex(e.user),9,4)||'-'||substr(hex(e.user),13,4)||'-'||substr(hex(e.user),17,4)||'-'||substr(hex(e.user),21)) END AS user,
         e.fault, e.code, e.terminal
  FROM named e JOIN accounts a ON a.id = e.account JOIN types t ON t.id = e.type;
