@file:OptIn(kotlin.wasm.ExperimentalWasmInterop::class)

import kotlin.wasm.WasmExport

/** Journeys through a network: data classes as keys, hash maps, a heap of generic type, lambdas, and exceptions where none is found. */
data class Place(val column: Int, val row: Int)

class Road(val to: Place, val length: Int)

class NoJourney(val from: Place, val seen: Int) : Exception("no journey")

/** The least first, by a comparison that is given. */
class Heap<T>(private val before: (T, T) -> Boolean) {
    private val items = ArrayList<T>()

    val isEmpty get() = items.isEmpty()

    fun push(item: T) {
        var at = items.size
        items.add(item)
        while (at > 0 && before(item, items[(at - 1) / 2])) {
            items[at] = items[(at - 1) / 2]
            at = (at - 1) / 2
        }
        items[at] = item
    }

    fun pop(): T {
        val first = items[0]
        val last = items.removeAt(items.size - 1)
        if (items.isEmpty()) return first
        var at = 0
        while (true) {
            var child = 2 * at + 1
            if (child >= items.size) break
            if (child + 1 < items.size && before(items[child + 1], items[child])) child++
            if (!before(items[child], last)) break
            items[at] = items[child]
            at = child
        }
        items[at] = last
        return first
    }
}

class Stop(val place: Place, val cost: Int, val before: Stop?)

class Network(private val size: Int, seed: Int) {
    private var state = seed
    private val roads = HashMap<Place, MutableList<Road>>()

    init {
        for (column in 0 until size) for (row in 0 until size) {
            val here = Place(column, row)
            for ((right, down) in listOf(1 to 0, 0 to 1)) {
                val there = Place(column + right, row + down)
                if (there.column < size && there.row < size && random(10) > 2) connect(here, there, 1 + random(9))
            }
        }
    }

    private fun random(limit: Int): Int {
        state = state xor (state shl 13)
        state = state xor (state ushr 17)
        state = state xor (state shl 5)
        return (state ushr 1) % limit
    }

    private fun connect(one: Place, other: Place, length: Int) {
        roads.getOrPut(one) { mutableListOf() }.add(Road(other, length))
        roads.getOrPut(other) { mutableListOf() }.add(Road(one, length))
    }

    /** The shortest way, by Dijkstra's method. */
    fun journey(from: Place, to: Place): Stop {
        val open = Heap<Stop> { one, other -> one.cost < other.cost }
        val best = HashMap<Place, Int>()
        open.push(Stop(from, 0, null))
        while (!open.isEmpty) {
            val stop = open.pop()
            if (stop.place == to) return stop
            if (best.getOrElse(stop.place) { Int.MAX_VALUE } <= stop.cost) continue
            best[stop.place] = stop.cost
            roads[stop.place].orEmpty()
                .filter { it.to !in best }
                .forEach { open.push(Stop(it.to, stop.cost + it.length, stop)) }
        }
        throw NoJourney(from, best.size)
    }

    fun sum(round: Int): Int {
        val ends = (0 until 6).map { Place((it * 7 + round) % size, (it * it + round * 3) % size) }
        var sum = 0
        for ((from, to) in ends.zip(ends.reversed())) {
            sum = sum * 31 + try {
                val stops = generateSequence(journey(from, to)) { it.before }.toList()
                stops.first().cost * 100 + stops.map { it.place.column xor it.place.row }.distinct().size
            } catch (missing: NoJourney) {
                -missing.seen - missing.from.row
            }
        }
        return sum
    }
}

@WasmExport
fun run(n: Int): Int {
    var sum = 17
    for (round in 1..n) sum = sum * 31 + Network(12, round * 2654435 + 1).sum(round)
    return sum
}
