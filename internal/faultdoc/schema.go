// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package faultdoc

import (
	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
)

type object = map[string]any

// Schema describes the JSON export (JSON Schema, draft 2020-12).
func Schema() any {
	var vocabularies []string
	for _, d := range dialect.All() {
		vocabularies = append(vocabularies, d.Name)
	}
	text := object{"type": "string", "minLength": 1}
	truth := object{"type": "boolean"}
	id := object{"type": "string", "pattern": `^[a-z_]+\.[a-z_]+$`}
	ids := object{"type": "array", "items": id, "uniqueItems": true}
	texts := object{"type": "array", "items": text}
	operation := object{"enum": words(fault.Ops())}
	source := object{"enum": []string{
		string(dialect.Documented), string(dialect.Live), string(dialect.Chosen), string(dialect.Fallback),
	}}
	messages := object{}
	for _, lang := range fault.Languages() {
		messages[lang] = text
	}
	return object{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"$comment":    exportComment,
		"title":       "Catalogue of faults",
		"description": "Every condition that can go wrong in a call, and how each vocabulary words it.",
		"type":        "object",
		"required":    []string{"dialects", "faults"},
		"properties": object{
			"$schema":  text,
			"$comment": text,
			"dialects": object{"type": "array", "items": object{"$ref": "#/$defs/dialect"}},
			"faults":   object{"type": "array", "items": object{"$ref": "#/$defs/fault"}},
		},
		"additionalProperties": false,
		"$defs": object{
			"dialect": object{
				"description": "One vocabulary.",
				"type":        "object",
				"required":    []string{"name", "title", "about", "vendor", "methods"},
				"properties": object{
					"name":    object{"enum": vocabularies},
					"title":   text,
					"about":   text,
					"vendor":  describe(truth, "False for the vocabularies that stand beside the vendors'."),
					"methods": describe(texts, "The vendor's words for operations."),
				},
				"additionalProperties": false,
			},
			"fault": object{
				"description": "One condition.",
				"type":        "object",
				"required": []string{
					"id", "title", "area", "category", "what", "why", "sign", "do", "message_key", "user", "operations",
					"is_terminal", "retry", "can_retry", "fixed_by", "caused_by", "leads_to", "see", "links", "words", "notes",
				},
				"properties": object{
					"id":          describe(id, "Stable; never used for another condition."),
					"title":       text,
					"area":        object{"enum": words(fault.Areas())},
					"category":    object{"enum": words(fault.Categories())},
					"what":        describe(text, "What happened."),
					"why":         describe(text, "Why it happens."),
					"sign":        describe(text, "How to tell it from its neighbours."),
					"do":          describe(text, "What the developer does about it."),
					"message_key": describe(text, "The key of what to tell the user."),
					"user": object{
						"description": "What to tell the user, by language.",
						"type":        "object", "required": words(fault.Languages()), "properties": messages, "additionalProperties": false,
					},
					"operations":  object{"type": "array", "items": operation, "minItems": 1, "uniqueItems": true},
					"is_terminal": describe(truth, "The session is over and the app has to join again."),
					"retry":       object{"enum": words(fault.Retries())},
					"can_retry":   describe(truth, "Trying again with the very same settings can work."),
					"fixed_by":    object{"type": "array", "items": object{"enum": words(fault.Parties())}, "minItems": 1, "uniqueItems": true},
					"caused_by":   describe(ids, "Faults that can lie behind this one."),
					"leads_to":    describe(ids, "Faults that this one can lie behind."),
					"see":         describe(ids, "Neighbours worth reading."),
					"links":       object{"type": "array", "items": object{"type": "string", "pattern": "^https://"}, "minItems": 1},
					"http_status": object{"type": "integer", "minimum": 400, "maximum": 599},
					"words":       object{"type": "array", "items": object{"$ref": "#/$defs/word"}, "minItems": len(vocabularies)},
					"notes":       describe(texts, "Where the vendors' documents disagree."),
				},
				"additionalProperties": false,
			},
			"word": object{
				"description": "How one vocabulary words a fault.",
				"type":        "object",
				"required": []string{
					"dialect", "operations", "methods", "is_terminal", "can_retry", "source", "understood_only", "rows",
				},
				"properties": object{
					"dialect":         object{"enum": vocabularies},
					"operations":      object{"description": "None means any.", "type": "array", "items": operation},
					"methods":         texts,
					"code":            object{"type": "integer"},
					"name":            text,
					"other_names":     texts,
					"is_terminal":     truth,
					"can_retry":       truth,
					"source":          source,
					"pairing":         describe(source, "Who joined code and name, where the vendor lists them apart."),
					"ours":            object{"enum": []string{"code", "name"}},
					"understood_only": describe(truth, "Another word is spoken."),
					"rows":            object{"type": "array", "items": object{"type": "string", "pattern": "^[ISEWO][0-9]{3}[a-c]?$"}},
				},
				"additionalProperties": false,
			},
		},
	}
}

func describe(schema object, text string) object {
	out := object{"description": text}
	for k, v := range schema {
		out[k] = v
	}
	return out
}
