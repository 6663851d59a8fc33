// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

import "strconv"

// rfc links to a section of an RFC; an empty section links to the document.
func rfc(number int, section string) string {
	link := "https://www.rfc-editor.org/rfc/rfc" + strconv.Itoa(number) + ".html"
	if section != "" {
		link += "#section-" + section
	}
	return link
}

// w3c links to a definition in a W3C recommendation or draft.
func w3c(document, anchor string) string {
	return "https://www.w3.org/TR/" + document + "/#" + anchor
}

// html links to a definition in a page of the WHATWG HTML standard.
func html(page, anchor string) string {
	return "https://html.spec.whatwg.org/multipage/" + page + ".html#" + anchor
}

// Defining documents that several kinds share.
const (
	getUserMedia    = "https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia"
	getDisplayMedia = "https://www.w3.org/TR/screen-capture/#dom-mediadevices-getdisplaymedia"
	jsonRPCErrors   = "https://www.jsonrpc.org/specification#error_object"
)
