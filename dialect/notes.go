// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"slices"
	"strings"

	"github.com/redial-rtc/redial/fault"
)

// note is something to know about the words for some faults: mostly where the
// vendors' documents disagree with one another.
type note struct {
	kinds []*fault.Kind
	text  string
	de    string // the same in German
}

func notes() []note {
	k := func(kinds ...*fault.Kind) []*fault.Kind { return kinds }
	return []note{
		{k(fault.SDPCreateOffer, fault.SDPCreateAnswer, fault.SDPSetLocal, fault.SDPSetRemote),
			"The documents disagree on 4001 to 4004. The iOS document gives all four the name createOfferFailed and the text of a general WebRTC error; the list for web and Android repeats that text four times; the web SDK uses them for four conditions: 4001 offer not made, 4002 answer not made, 4003 local description refused, 4004 remote description refused. We follow the web SDK, so on iOS trust the number, not the name.",
			"Die Dokumente widersprechen sich bei 4001 bis 4004. Das iOS-Dokument gibt allen vieren den Namen createOfferFailed und den Text eines allgemeinen WebRTC-Fehlers; die Liste für Web und Android wiederholt diesen Text viermal; das Web-SDK benutzt sie für vier Zustände: 4001 Angebot nicht erstellt, 4002 Antwort nicht erstellt, 4003 lokale Beschreibung abgelehnt, 4004 entfernte Beschreibung abgelehnt. Wir folgen dem Web-SDK; trauen Sie auf iOS also der Nummer, nicht dem Namen."},
		{k(fault.AutoplayBlocked, fault.SubsystemReset),
			"3008 means two things. On the web it is playback that the browser blocked until the user acts; on iOS it is audiovideoSubsystemFailure, a reset of the system's media services. Look at the platform before you act on the number.",
			"3008 bedeutet zweierlei. Im Web ist es Wiedergabe, die der Browser sperrte, bis der Benutzer etwas tut; auf iOS ist es audiovideoSubsystemFailure, ein Neustart der Mediendienste des Systems. Sehen Sie auf die Plattform, bevor Sie nach der Nummer handeln."},
		{k(fault.EndpointInvalid, fault.InitConfigMissing),
			"2002 means two things. The documents describe an endpoint URL that is not valid; the current web SDK uses the number under the name InitError when the answer with the connection settings is missing.",
			"2002 bedeutet zweierlei. Die Dokumente beschreiben eine ungültige URL des Endpunkts; das aktuelle Web-SDK benutzt die Nummer unter dem Namen InitError, wenn die Antwort mit den Verbindungseinstellungen fehlt."},
		{k(fault.AccessKeyUnknown, fault.TokenRoomUnknown, fault.TokenAuthID, fault.TokenAppID, fault.TokenCustomerID,
			fault.TokenUser, fault.TokenRole, fault.TokenMalformed, fault.TokenSignature, fault.TokenRefused),
			"The documents disagree on the grain: the SDKs for web and Android get one of the numbers 40100 to 40109, iOS gets 401 for all nine conditions. There only the message tells them apart. 40106 is not in use.",
			"Die Dokumente unterscheiden verschieden fein: Die SDKs für Web und Android bekommen eine der Nummern 40100 bis 40109, iOS bekommt 401 für alle neun Zustände. Dort unterscheidet sie nur die Meldung. 40106 ist nicht in Gebrauch."},
		{k(fault.RoomNotFound, fault.RoomIDInvalid, fault.TokenRoomMismatch, fault.PeerAlreadyJoined, fault.PeerGone),
			"The documents disagree on the grain: 40001, 40002 and 40004 on web and Android are all 400 on iOS, and 41001 is 410 there.",
			"Die Dokumente unterscheiden verschieden fein: 40001, 40002 und 40004 im Web und auf Android sind auf iOS alle 400, und 41001 ist dort 410."},
		{k(fault.TokenMalformed, fault.TokenPayload, fault.TokenPayloadJSON),
			"The 100ms SDKs have two numbers for it: 2004 when the SDK itself finds that the token is no JWT and asks nobody, 40109 (401 on iOS) when the server refuses it.",
			"Die SDKs von 100ms haben dafür zwei Nummern: 2004, wenn das SDK selbst findet, dass das Token kein JWT ist, und niemanden fragt, und 40109 (401 auf iOS), wenn der Server es ablehnt."},
		{k(fault.RenegotiationFailed, fault.ClientInternal),
			"6002 means two things. The documents call it an error while renegotiating; the web SDK gives the number to every exception it does not know, under the name Unknown, and a failed renegotiation is the commonest of them.",
			"6002 bedeutet zweierlei. Die Dokumente nennen es einen Fehler beim erneuten Aushandeln; das Web-SDK gibt die Nummer jeder Ausnahme, die es nicht kennt, unter dem Namen Unknown, und eine gescheiterte neue Aushandlung ist die häufigste davon."},
		{k(fault.ClientAlreadyJoined, fault.PeerAlreadyJoined),
			"Two numbers sound alike: 5001 is the SDK refusing a second join on the same object, 40004 (400 on iOS) the server refusing a peer that is in the room.",
			"Zwei Nummern klingen gleich: Bei 5001 lehnt das SDK einen zweiten Beitritt auf demselben Objekt ab, bei 40004 (400 auf iOS) lehnt der Server einen Peer ab, der schon im Raum ist."},
		{k(fault.SignalClosedEarly, fault.EndpointUnreachable, fault.SignalLost, fault.SignalProtocol, fault.SignalClosed),
			"The numbers 1000 to 1015 are close codes of WebSockets, and 100ms and OpenTok use some of them for conditions of their own: 1003 is a lost connection in the 100ms SDKs and an unsupported kind of data in a close frame; 1006 is a failed connect in OpenTok and an abnormal closure elsewhere; 1000 is a failed connect in the 100ms web SDK and a normal closure elsewhere; 1004, 1005, 1010, 1011 and 1013 of OpenTok have nothing to do with close codes.",
			"Die Nummern 1000 bis 1015 sind Schließcodes von WebSockets, und 100ms und OpenTok benutzen einige davon für eigene Zustände: 1003 ist in den SDKs von 100ms eine verlorene Verbindung und in einem Close-Frame eine nicht unterstützte Art von Daten; 1006 ist bei OpenTok ein gescheiterter Verbindungsaufbau und sonst ein regelwidriges Schließen; 1000 ist im Web-SDK von 100ms ein gescheiterter Verbindungsaufbau und sonst ein normales Schließen; 1004, 1005, 1010, 1011 und 1013 von OpenTok haben mit Schließcodes nichts zu tun."},
		{k(fault.PublishNotAllowed, fault.CaptureDenied, fault.PageInsecure, fault.PublishTimeout),
			"OpenTok's code 1500 stands for three documented conditions when publishing (the role, the user's refusal, a page without HTTPS) and is commonly seen with OT_TIMEOUT as well. Use the name, not the code.",
			"Der Code 1500 von OpenTok steht beim Veröffentlichen für drei dokumentierte Zustände (die Rolle, die Ablehnung des Benutzers, eine Seite ohne HTTPS) und kommt oft auch mit OT_TIMEOUT vor. Benutzen Sie den Namen, nicht den Code."},
		{k(fault.ScreenDenied, fault.CaptureDenied),
			"OpenTok documents OT_USER_MEDIA_ACCESS_DENIED for screen sharing only, and code 1500 for a refused camera or microphone. We use the name for both.",
			"OpenTok dokumentiert OT_USER_MEDIA_ACCESS_DENIED nur für das Teilen des Bildschirms und den Code 1500 für eine abgelehnte Kamera oder ein abgelehntes Mikrofon. Wir benutzen den Namen für beides."},
		{k(fault.ClientNotConnected, fault.NetworkOffline),
			"OpenTok's texts disagree: code 1010 says that the client is not connected to the session, the name OT_NOT_CONNECTED that there is no network. Both are raised when the session is not connected, whatever the reason.",
			"Die Texte von OpenTok widersprechen sich: Der Code 1010 sagt, dass der Client nicht mit der Sitzung verbunden ist, der Name OT_NOT_CONNECTED, dass es kein Netz gibt. Beide kommen, wenn die Sitzung nicht verbunden ist, aus welchem Grund auch immer."},
		{k(fault.TokenExpired, fault.AccessKeyUnknown, fault.TokenSignature, fault.TokenMalformed),
			"OpenTok lists the authentication error 1004 for OT.initPublisher() too, although that call takes no token. It can only have come from connecting.",
			"OpenTok führt den Anmeldefehler 1004 auch bei OT.initPublisher() auf, obwohl dieser Aufruf kein Token nimmt. Er kann nur vom Verbinden kommen."},
		{k(fault.ScreenUnsupported, fault.ScreenExtensionUnregistered, fault.ScreenExtensionMissing),
			"OpenTok lists the codes 1550 to 1552 for OT.initPublisher() only, and the names for publishing as well.",
			"OpenTok führt die Codes 1550 bis 1552 nur bei OT.initPublisher() auf, die Namen auch beim Veröffentlichen."},
		{k(fault.TokenMalformed, fault.TokenSignature, fault.TokenRefused, fault.TokenPayload, fault.TokenPayloadJSON, fault.EndpointInvalid, fault.ICEServerInvalid, fault.RoomEnded),
			"Sceenic's document gives names without a description for 203 and for 1101 to 1105; we read them by their names.",
			"Das Dokument von Sceenic gibt für 203 und für 1101 bis 1105 Namen ohne Beschreibung; wir verstehen sie nach ihren Namen."},
		{k(fault.CaptureDenied),
			"Sceenic's pages differ by platform: Android and Swift have 308 for the microphone and 309 for the camera, the web SDK 108 and 107; the Objective-C list has neither.",
			"Die Seiten von Sceenic unterscheiden sich je Plattform: Android und Swift haben 308 für das Mikrofon und 309 für die Kamera, das Web-SDK 108 und 107; die Liste für Objective-C hat keines von beiden."},
		{k(fault.CaptureSystemDenied, fault.DeviceNotFound, fault.ScreenSourceMissing),
			"Browsers disagree: when the operating system blocks a device, Chromium raises NotAllowedError with the words \"denied by system\", Firefox raises NotFoundError.",
			"Die Browser sind sich nicht einig: Sperrt das Betriebssystem ein Gerät, wirft Chromium NotAllowedError mit den Worten \"denied by system\", Firefox NotFoundError."},
	}
}

// Notes returns what is worth knowing about the words for a fault.
func Notes(k *fault.Kind) []string { return NotesIn(k, "en") }

// NotesIn is [Notes] in a language given as a BCP 47 tag, German or else English.
func NotesIn(k *fault.Kind, lang string) []string {
	lang, _, _ = strings.Cut(strings.ReplaceAll(strings.ToLower(lang), "_", "-"), "-")
	var out []string
	for _, n := range notes() {
		if !slices.Contains(n.kinds, k) {
			continue
		}
		if lang == "de" {
			out = append(out, n.de)
		} else {
			out = append(out, n.text)
		}
	}
	return out
}
