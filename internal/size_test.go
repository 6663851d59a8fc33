// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package internal_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"
)

const (
	mostLines   = 600 // of a file
	mostMethods = 60  // of a type
)

// TestFilesAndTypesAreSmall bounds hand-written files that are not tests, and
// the methods of a type, exported or not.
func TestFilesAndTypesAreSmall(t *testing.T) {
	methods := map[string]int{}
	files := 0
	for _, p := range list(t) {
		for _, name := range p.GoFiles {
			src, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files++
			if n := bytes.Count(src, []byte("\n")); n > mostLines && !ast.IsGenerated(file) {
				t.Errorf("%s/%s has %d lines, more than %d", p.name(), name, n, mostLines)
			}
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
					methods[p.name()+"."+receiver(f.Recv.List[0].Type)]++
				}
			}
		}
	}
	if files < 100 || len(methods) < 100 {
		t.Fatalf("looked at %d files and %d types only", files, len(methods))
	}
	for name, n := range methods {
		if n > mostMethods {
			t.Errorf("%s has %d methods, more than %d", name, n, mostMethods)
		}
	}
}

// receiver is the name of a method's type, without pointers and parameters.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
