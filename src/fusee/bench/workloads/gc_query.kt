@file:OptIn(kotlin.wasm.ExperimentalWasmInterop::class)

import kotlin.wasm.WasmExport

/** Queries in the way of GraphQL are read, and checked against types; what is wrong is thrown, collected, and printed. */
sealed class Kind {
    abstract val name: String
}

class Scalar(override val name: String, val allowed: (Char) -> Boolean) : Kind()

class Listed(val of: Kind) : Kind() {
    override val name get() = "[" + of.name + "]"
}

class Argument(val name: String, val kind: Scalar, val isNeeded: Boolean)

class Field(val kind: Kind, val arguments: List<Argument> = emptyList())

class Structure(override val name: String) : Kind() {
    val fields = LinkedHashMap<String, Field>()
}

sealed interface Selection

class Chosen(val name: String, val alias: String?, val given: Map<String, String>, val inside: List<Selection>) : Selection

class Spread(val fragment: String) : Selection

open class Refused(message: String, val at: Int) : Exception(message)

class Unreadable(val found: Char, at: Int) : Refused("unexpected", at)

class Reader(private val text: String) {
    private var at = 0
    val fragments = HashMap<String, List<Selection>>()

    private fun next(): Char {
        while (at < text.length && (text[at] == ' ' || text[at] == ',')) at++
        return if (at < text.length) text[at] else '\u0000'
    }

    private fun expect(wanted: Char) {
        if (next() != wanted) throw Unreadable(next(), at)
        at++
    }

    private fun isNext(wanted: Char): Boolean {
        if (next() != wanted) return false
        at++
        return true
    }

    private fun word(): String {
        next()
        val start = at
        while (at < text.length && (text[at].isLetterOrDigit() || text[at] == '_')) at++
        if (at == start) throw Unreadable(next(), at)
        return text.substring(start, at)
    }

    private fun arguments(): Map<String, String> {
        val given = LinkedHashMap<String, String>()
        if (!isNext('(')) return given
        do {
            val name = word()
            expect(':')
            if (given.put(name, word()) != null) throw Refused("twice: $name", at)
        } while (!isNext(')'))
        return given
    }

    private fun selection(): Selection {
        if (isNext('.')) {
            expect('.')
            expect('.')
            return Spread(word())
        }
        val first = word()
        val name = if (isNext(':')) word() else first
        return Chosen(name, first.takeIf { it != name }, arguments(), if (next() == '{') selections() else emptyList())
    }

    private fun selections(): List<Selection> {
        expect('{')
        val made = mutableListOf<Selection>()
        while (!isNext('}')) made += selection()
        return made
    }

    fun document(): List<Selection> {
        val query = selections()
        while (next() != '\u0000') {
            if (word() != "fragment") throw Refused("no fragment", at)
            fragments[word()] = selections()
        }
        return query
    }
}

class Checker(private val fragments: Map<String, List<Selection>>) {
    val wrong = mutableListOf<String>()
    private val within = ArrayDeque<String>()

    fun check(selections: List<Selection>, kind: Structure, path: String) {
        for (selection in selections) {
            try {
                when (selection) {
                    is Spread -> spread(selection, kind, path)
                    is Chosen -> field(selection, kind, path)
                }
            } catch (refused: Refused) {
                wrong += "$path: ${refused.message}"
            }
        }
    }

    private fun spread(spread: Spread, kind: Structure, path: String) {
        val inside = fragments[spread.fragment] ?: throw Refused("no fragment ${spread.fragment}", 0)
        if (spread.fragment in within) throw Refused("a circle by " + within.joinToString(">"), 0)
        within.addLast(spread.fragment)
        try {
            check(inside, kind, "$path...${spread.fragment}")
        } finally {
            within.removeLast()
        }
    }

    private fun field(chosen: Chosen, kind: Structure, path: String) {
        val field = kind.fields[chosen.name] ?: throw Refused("no ${chosen.name} in ${kind.name}", 0)
        val known = field.arguments.associateBy { it.name }
        for ((name, value) in chosen.given) {
            val argument = known[name] ?: throw Refused("no argument $name", 0)
            if (!value.all(argument.kind.allowed)) throw Refused("$value is no ${argument.kind.name}", 0)
        }
        field.arguments.filter { it.isNeeded && it.name !in chosen.given }.forEach { wrong += "$path: without ${it.name}" }
        var inner = field.kind
        while (inner is Listed) inner = inner.of
        if (inner is Structure) {
            if (chosen.inside.isEmpty()) throw Refused("nothing of ${field.kind.name}", 0)
            check(chosen.inside, inner, path + "/" + (chosen.alias ?: chosen.name))
        } else if (chosen.inside.isNotEmpty()) {
            throw Refused("a part of ${field.kind.name}", 0)
        }
    }
}

fun schema(): Structure {
    val number = Scalar("Int") { it in '0'..'9' }
    val text = Scalar("String") { it.isLetter() }
    val (query, film, person) = listOf("Query", "Film", "Person").map(::Structure)
    query.fields["film"] = Field(film, listOf(Argument("id", number, true)))
    query.fields["people"] = Field(Listed(person), listOf(Argument("first", number, false), Argument("name", text, false)))
    film.fields["title"] = Field(text)
    film.fields["year"] = Field(number)
    film.fields["cast"] = Field(Listed(Listed(person)))
    person.fields["name"] = Field(text, listOf(Argument("language", text, false)))
    person.fields["films"] = Field(Listed(film))
    person.fields["age"] = Field(number)
    return query
}

val QUERIES = listOf(
    "{ film(id: 7) { title year cast { name age films { title } } } }",
    "{ people(first: 10, name: Ada) { name(language: en) ...more } } fragment more { age films { ...film } } fragment film { year }",
    "{ best: film(id: seven) { title } film { title, budget } people { films } }",
    "{ people(first: 3, first: 4) { name } }",
    "{ people { ...a } } fragment a { name films { cast { ...b } } } fragment b { ...a age { years } ...c }",
    "{ film(id: 1) { title ; year } }",
    "{ film(number: 1) { title } people(name: R2D2) { name age } } fragment more { ",
)

fun outcome(text: String, kind: Structure): String = try {
    val reader = Reader(text)
    val query = reader.document()
    val checker = Checker(reader.fragments)
    checker.check(query, kind, "")
    if (checker.wrong.isEmpty()) "right" else checker.wrong.sorted().joinToString("; ")
} catch (unreadable: Unreadable) {
    "unexpected " + unreadable.found.code + " at " + unreadable.at
} catch (refused: Refused) {
    refused.message + " at " + refused.at
}

@WasmExport
fun run(n: Int): Int {
    val kind = schema()
    var sum = 17
    repeat(n) { for (text in QUERIES) sum = sum * 31 + outcome(text, kind).hashCode() }
    return sum
}
