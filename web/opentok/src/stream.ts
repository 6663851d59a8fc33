// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Connections and streams as apps know them: the same object for as long as they last. */
import type { Participant, StreamInfo } from "../../core/src";
import { capabilitiesOf, type Capabilities } from "./info";
import type { Dimensions } from "./types";

/** Somebody who is connected to a session. */
export class Connection {
  readonly connectionId: string;
  /** When it connected, in ms since the epoch. */
  readonly creationTime: number;
  /** What the token says of its holder. */
  readonly data: string;
  /** What it may do: 1, or 0 for not. */
  readonly permissions: Capabilities;

  constructor({ id, createdAt, metadata, capabilities = {} }: Pick<Participant, "id" | "createdAt" | "metadata"> & Partial<Participant>) {
    this.connectionId = id;
    this.creationTime = createdAt;
    this.data = metadata;
    this.permissions = capabilitiesOf(capabilities);
  }

  /** The same as connectionId, for apps that read it there. */
  get id(): string {
    return this.connectionId;
  }
}

/** What a connection publishes. */
export class Stream {
  readonly streamId: string;
  readonly connection: Connection;
  /** When it began, in ms since the epoch. */
  readonly creationTime: number;
  readonly name: string;
  readonly initials: string;
  /** Whether sound is published now. */
  hasAudio: boolean;
  /** Whether video is published now. */
  hasVideo: boolean;
  readonly hasCaptions = false;
  /** Frames a second, as far as it is known. */
  frameRate: number;
  videoDimensions: Dimensions;
  /** Undefined for a stream of sound alone. */
  readonly videoType: "camera" | "screen" | "custom" | undefined;

  constructor(connection: Connection, info: StreamInfo) {
    this.streamId = info.id;
    this.connection = connection;
    this.creationTime = info.createdAt;
    this.name = info.name;
    this.initials = info.initials;
    this.hasAudio = info.active.audio;
    this.hasVideo = info.active.video;
    this.frameRate = info.frameRate ?? 0;
    this.videoDimensions = { width: info.dimensions?.width ?? 0, height: info.dimensions?.height ?? 0 };
    this.videoType = info.has.video ? (info.custom ? "custom" : info.source) : undefined;
  }

  /** The same as streamId, for apps that read it there. */
  get id(): string {
    return this.streamId;
  }
}
