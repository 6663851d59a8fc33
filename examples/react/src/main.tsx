// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A call. The address of the page says where: ?server=https://video.example.org&token=TOKEN&name=Ann
import { StrictMode, useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { actions, useConnected, useMicrophone, usePeers, useTrouble } from './call';

const here = new URLSearchParams(location.search);

function Picture({ track, name }: { track?: string; name: string }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (!track || !element) return;
    void actions.attachVideo(track, element);
    return () => void actions.detachVideo(track, element);
  }, [track]);
  return <figure><video ref={video} autoPlay muted playsInline /><figcaption>{name}</figcaption></figure>;
}

function Call() {
  const peers = usePeers();
  const microphone = useMicrophone();
  return (
    <main>
      {peers.map(p => <Picture key={p.id} track={p.videoTrack} name={p.name} />)}
      <button onClick={() => void actions.setLocalAudioEnabled(!microphone)}>{microphone ? 'Mute' : 'Unmute'}</button>
      <button onClick={() => void actions.leave()}>Leave</button>
    </main>
  );
}

function Door() {
  const [refused, setRefused] = useState('');
  async function join() {
    setRefused('');
    try {
      await actions.join({
        userName: here.get('name') ?? 'Somebody', authToken: here.get('token') ?? '', initEndpoint: here.get('server') ?? 'https://localhost',
      });
    } catch (error) {
      setRefused(String((error as { description?: string }).description ?? error));
    }
  }
  return <main><button onClick={() => void join()}>Join</button>{refused && <p role="alert">{refused}</p>}</main>;
}

function App() {
  const connected = useConnected();
  const trouble = useTrouble();
  return <>{trouble && <p role="status">{trouble.text}</p>}{connected ? <Call /> : <Door />}</>;
}

createRoot(document.getElementById('root')!).render(<StrictMode><App /></StrictMode>);
