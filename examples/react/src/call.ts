// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The SDK, as hooks.
import {
  HMSNotificationTypes, HMSReactiveStore, selectIsConnectedToRoom, selectIsLocalAudioEnabled, selectPeers, type HMSPeer, type HMSStore,
} from '@100mslive/hms-video-store';
import { useEffect, useState, useSyncExternalStore } from 'react';

const hms = new HMSReactiveStore();
hms.triggerOnSubscribe();
const store = hms.getStore();
export const actions = hms.getActions();
const notifications = hms.getNotifications();

/** useStore is a part of the SDK's state, always the latest. */
function useStore<T>(selector: (state: HMSStore) => T): T {
  return useSyncExternalStore(changed => store.subscribe(changed, selector), () => store.getState(selector));
}

export const useConnected = () => Boolean(useStore(selectIsConnectedToRoom));
export const usePeers = (): HMSPeer[] => useStore(selectPeers);
export const useMicrophone = () => useStore(selectIsLocalAudioEnabled);

/** Trouble is what the user is shown when something is wrong; terminal means that the call is over. */
export interface Trouble { text: string; terminal: boolean }

/** useTrouble is what is wrong just now. A lost connection is back by itself. */
export function useTrouble(): Trouble | undefined {
  const [trouble, setTrouble] = useState<Trouble>();
  useEffect(() => notifications.onNotification(n => {
    switch (n.type) {
      case HMSNotificationTypes.RECONNECTING:
        setTrouble({ text: 'Reconnecting …', terminal: false });
        break;
      case HMSNotificationTypes.RECONNECTED:
        setTrouble(undefined);
        break;
      case HMSNotificationTypes.ERROR: {
        const error = n.data as { description?: string; message?: string; isTerminal?: boolean };
        setTrouble({ text: error.description ?? error.message ?? 'Something went wrong.', terminal: Boolean(error.isTerminal) });
      }
    }
  }), []);
  return trouble;
}
