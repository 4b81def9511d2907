// SPDX-License-Identifier: Apache-2.0
public class Show {
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0) {
            System.exit(new ProcessBuilder(arguments).inheritIO().start().waitFor());
        }
        String value = System.getenv("DB_PASSWORD");
        System.out.println("ready");
        System.out.flush();
        if (System.in.read() < 0) System.exit(3);
        System.out.println(value);
        System.exit(7);
    }
}
