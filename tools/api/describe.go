package main

import (
	"fmt"
	"go/types"
	"strings"
)

// A describer writes the exported API of pkg. Names of parameters, and unexported fields, methods and
// types, are no part of it: an unexported type is written _.
type describer struct{ pkg *types.Package }

func (d describer) lines() []string {
	var lines []string
	for _, name := range d.pkg.Scope().Names() {
		obj := d.pkg.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		switch obj := obj.(type) {
		case *types.Const:
			lines = append(lines, d.constant(obj))
		case *types.Var:
			lines = append(lines, "var "+name+" "+d.typ(obj.Type()))
		case *types.Func:
			sig := obj.Signature()
			lines = append(lines, "func "+name+d.typeParams(sig.TypeParams())+d.signature(sig))
		case *types.TypeName:
			lines = append(lines, d.typeName(obj)...)
		}
	}
	return lines
}

func (d describer) constant(c *types.Const) string {
	typ := " " + d.typ(c.Type())
	if basic, ok := c.Type().(*types.Basic); ok && basic.Info()&types.IsUntyped != 0 {
		typ = ""
	}
	return "const " + c.Name() + typ + " = " + c.Val().ExactString()
}

func (d describer) typeName(obj *types.TypeName) []string {
	if alias, ok := obj.Type().(*types.Alias); ok {
		return []string{"type " + obj.Name() + d.typeParams(alias.TypeParams()) + " = " + d.typ(alias.Rhs())}
	}
	named := obj.Type().(*types.Named)
	line := "type " + obj.Name() + d.typeParams(named.TypeParams()) + " "
	switch underlying := named.Underlying().(type) {
	case *types.Interface:
		return d.interfaceType(line, obj.Name(), underlying)
	case *types.Struct:
		lines := append(d.fields(obj.Name(), underlying), line+"struct")
		return append(lines, d.methods(named)...)
	default:
		return append(d.methods(named), line+d.typ(underlying))
	}
}

func (d describer) interfaceType(line, name string, t *types.Interface) []string {
	if !t.IsMethodSet() {
		return []string{line + types.TypeString(t, d.qualifier)}
	}
	var lines []string
	line += "interface"
	for method := range t.Methods() {
		if method.Exported() {
			lines = append(lines, "method "+name+"."+method.Name()+d.signature(method.Signature()))
		} else {
			line = strings.TrimSuffix(line, ", sealed") + ", sealed" // nobody else can implement it
		}
	}
	return append(lines, line)
}

// fields lists the fields of t, and those that an unexported embedded struct lends it.
func (d describer) fields(name string, t *types.Struct) []string {
	var lines []string
	for field := range t.Fields() {
		if field.Exported() {
			line := "field " + name + "." + field.Name() + " " + d.typ(field.Type())
			if field.Embedded() {
				line += ", embedded"
			}
			lines = append(lines, line)
		} else if inner, ok := deref(field.Type()).Underlying().(*types.Struct); ok && field.Embedded() {
			lines = append(lines, d.fields(name, inner)...)
		}
	}
	return lines
}

func (d describer) methods(named *types.Named) []string {
	var lines []string
	ofValue := types.NewMethodSet(named)
	for method := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		obj := method.Obj()
		if !obj.Exported() {
			continue
		}
		receiver := "*" + named.Obj().Name()
		if ofValue.Lookup(obj.Pkg(), obj.Name()) != nil {
			receiver = receiver[1:]
		}
		lines = append(lines, "func ("+receiver+") "+obj.Name()+d.signature(method.Type().(*types.Signature)))
	}
	return lines
}

func (d describer) signature(sig *types.Signature) string {
	params := d.types(sig.Params())
	if sig.Variadic() {
		last := len(params) - 1
		params[last] = "..." + strings.TrimPrefix(params[last], "[]")
	}
	text := "(" + strings.Join(params, ", ") + ")"
	switch results := d.types(sig.Results()); len(results) {
	case 0:
		return text
	case 1:
		return text + " " + results[0]
	default:
		return text + " (" + strings.Join(results, ", ") + ")"
	}
}

func (d describer) types(tuple *types.Tuple) []string {
	var texts []string
	for v := range tuple.Variables() {
		texts = append(texts, d.typ(v.Type()))
	}
	return texts
}

func (d describer) typeParams(params *types.TypeParamList) string {
	var texts []string
	for param := range params.TypeParams() {
		texts = append(texts, param.Obj().Name()+" "+d.typ(param.Constraint()))
	}
	return brackets(texts)
}

// typ is types.TypeString without the names of parameters and of unexported types.
func (d describer) typ(t types.Type) string {
	switch t := t.(type) {
	case *types.Pointer:
		return "*" + d.typ(t.Elem())
	case *types.Slice:
		return "[]" + d.typ(t.Elem())
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), d.typ(t.Elem()))
	case *types.Map:
		return "map[" + d.typ(t.Key()) + "]" + d.typ(t.Elem())
	case *types.Chan:
		direction := map[types.ChanDir]string{types.SendRecv: "chan ", types.SendOnly: "chan<- ", types.RecvOnly: "<-chan "}
		return direction[t.Dir()] + d.typ(t.Elem())
	case *types.Signature:
		return "func" + d.signature(t)
	case *types.Struct:
		return "struct{" + strings.Join(d.members(t), "; ") + "}"
	case *types.Alias:
		return d.name(t.Obj(), t.TypeArgs())
	case *types.Named:
		return d.name(t.Obj(), t.TypeArgs())
	default:
		return types.TypeString(t, d.qualifier)
	}
}

// members are the exported fields of a struct without a name.
func (d describer) members(t *types.Struct) []string {
	var texts []string
	for field := range t.Fields() {
		if field.Exported() {
			texts = append(texts, field.Name()+" "+d.typ(field.Type()))
		}
	}
	return texts
}

func (d describer) name(obj *types.TypeName, args *types.TypeList) string {
	name := obj.Name()
	switch qualifier := d.qualifier(obj.Pkg()); {
	case obj.Pkg() == d.pkg && !obj.Exported():
		name = "_"
	case qualifier != "":
		name = qualifier + "." + name
	}
	var texts []string
	for arg := range args.Types() {
		texts = append(texts, d.typ(arg))
	}
	return name + brackets(texts)
}

func (d describer) qualifier(pkg *types.Package) string {
	if pkg == nil || pkg == d.pkg {
		return ""
	}
	return pkg.Name()
}

func brackets(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func deref(t types.Type) types.Type {
	if pointer, ok := t.(*types.Pointer); ok {
		return pointer.Elem()
	}
	return t
}
