CREATE TABLE IF NOT EXISTS events (
  seq         UInt64,
  id          UUID,
  time        Int64,
  account     String,
  type        Enum8('client.connect.failed' = 1, 'client.join.failed' = 2, 'client.publish.failed' = 3, 'client.subscribe.failed' = 4, 'client.disconnected' = 5, 'track.add.success' = 6, 'track.update.success' = 7, 'track.remove.success' = 8),
  source      Enum8('server' = 1, 'client' = 2, 'both' = 3),
  room        String,
  session     String,
  peer        String,
  user        String,
  role        String,
  template    String,
  fault       String,
  code        Int32,
  terminal    UInt8,
  injected    UInt8,
  sdk         String,
  sdk_version String,
  os          String,
  browser     String,
  failed_join UInt8,
  also        Array(String),
  doc         String,
  diagnosis   String,
  confidence  UInt8,
  rules       String,
  version     Int64,
  bytes       UInt32 MATERIALIZED length(doc)
) ENGINE = ReplacingMergeTree(version)
PARTITION BY intDiv(time, 86400000000000)
ORDER BY seq
SETTINGS index_granularity = 512;

CREATE TABLE IF NOT EXISTS events_keys (
  key     String,
  scope   Enum8('room' = 1, 'session' = 2, 'user' = 3, 'peer' = 4, 'fault' = 5, 'code' = 6, 'os' = 7, 'sdk' = 8),
  account String,
  seq     UInt64,
  time    Int64,
  type    Enum8('client.connect.failed' = 1, 'client.join.failed' = 2, 'client.publish.failed' = 3, 'client.subscribe.failed' = 4, 'client.disconnected' = 5, 'track.add.success' = 6, 'track.update.success' = 7, 'track.remove.success' = 8)
) ENGINE = ReplacingMergeTree
PARTITION BY intDiv(time, 86400000000000)
ORDER BY (key, scope, account, seq)
SETTINGS index_granularity = 512;

CREATE TABLE IF NOT EXISTS events_joins (
  account   String,
  dimension String,
  hour      Int64,
  value     String,
  n         Int64,
  number    UInt16
) ENGINE = ReplacingMergeTree(n)
PARTITION BY intDiv(hour, 24)
ORDER BY (account, dimension, hour, value, number);

CREATE TABLE IF NOT EXISTS events_writers (
  writer UInt64,
  since  Int64,
  number UInt16,
  trying UInt8
) ENGINE = MergeTree
PARTITION BY tuple()
ORDER BY since;

CREATE TABLE IF NOT EXISTS events_progress (
  number UInt16,
  low    UInt64,
  floor  Int64,
  facets Int64,
  erased Int64,
  gone   Int64,
  at     Int64
) ENGINE = ReplacingMergeTree(at)
PARTITION BY tuple()
ORDER BY number;

CREATE TABLE IF NOT EXISTS events_erasures (
  number  UInt16,
  at      Int64,
  account String,
  user    String,
  before  Int64
) ENGINE = MergeTree
PARTITION BY intDiv(at, 86400000000000)
ORDER BY (number, at);
