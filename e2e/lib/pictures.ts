// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import type { Locator } from '@playwright/test';

// pictures is how many pictures a video has shown, or in headless Firefox, which
// does not count them, how many tenths of a second it has played.
export const pictures = (video: Locator): Promise<number> =>
  video.evaluate((v: HTMLVideoElement) => v.getVideoPlaybackQuality().totalVideoFrames || v.currentTime * 10);
