import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.teavm.interop.Export;

/** The library's collections: hash maps, a sorted map, lists sorted by a comparator, boxed numbers, lambdas. */
final class Collecting {
    private static int state;

    private static int random(int bound) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 1) % bound;
    }

    record Order(int customer, int item, int count) {}

    interface Fold {
        int apply(int sum, Order order);
    }

    private static int fold(List<Order> orders, Fold fold) {
        int sum = 7;
        for (Order order : orders) {
            sum = fold.apply(sum, order);
        }
        return sum;
    }

    private static int round() {
        List<Order> orders = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            orders.add(new Order(random(60), random(500), 1 + random(9)));
        }
        Map<Integer, List<Order>> byCustomer = new HashMap<>();
        Map<Integer, Integer> sold = new TreeMap<>();
        for (Order order : orders) {
            byCustomer.computeIfAbsent(order.customer(), customer -> new ArrayList<>()).add(order);
            sold.merge(order.item(), order.count(), Integer::sum);
        }
        int sum = 0;
        for (Map.Entry<Integer, List<Order>> entry : byCustomer.entrySet()) {
            List<Order> mine = entry.getValue();
            Collections.sort(mine, (a, b) -> a.item() != b.item() ? a.item() - b.item() : b.count() - a.count());
            sum += entry.getKey() * fold(mine, (total, order) -> total * 31 + order.item() * order.count());
        }
        for (Map.Entry<Integer, Integer> entry : sold.entrySet()) {
            sum = sum * 17 + entry.getKey() + entry.getValue();
        }
        return sum;
    }

    @Export(name = "run")
    public static int run(int n) {
        state = 2463534;
        int sum = 0;
        for (int i = 0; i < n; i++) {
            sum = sum * 33 + round();
        }
        return sum;
    }

    public static void main(String[] arguments) {}
}
