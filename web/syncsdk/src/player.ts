// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/** A player as the SDK steers it. Apps extend it with what their player can do. */
export class PlayerDecorator<Player = any> {
  readonly player: Player;

  constructor(player: Player) {
    this.player = player;
  }

  /** It is being synchronised from now on. */
  load(): void {}
  /** And no longer. */
  unload(): void {}
  play(): void {}
  pause(): void {}
  mute(): void {}
  unmute(): void {}
  /** From 0 to 1. */
  setVolume(_volume: number): void {}
  isPlaying(): boolean { return false; }
  /** Whether it waits for data. */
  isStalled(): boolean { return false; }
  /** Whether jumping costs little. Others are brought in step by their speed as far as that goes. */
  isSeekable(): boolean { return true; }
  /** In ms. */
  getCurrentPosition(): number { return 0; }
  /** In ms. */
  fastSeekToPosition(_position: number): void {}
  getPlaybackRate(): number { return 1; }
  changePlaybackRate(_rate: number): void {}
  /** How far apart players may be and count as in step, in ms. */
  getPrecisionThreshold(): number { return 50; }
}
