-- The tables of the demo shop. Foreign keys and indexes follow after the rows: constraints.sql.

CREATE TYPE order_status AS ENUM ('pending', 'paid', 'shipped', 'delivered', 'returned', 'cancelled');
COMMENT ON TYPE order_status IS 'The life of an order, in the order in which it happens';

CREATE TABLE customers (
    id integer CONSTRAINT customers_pkey PRIMARY KEY,
    public_id uuid NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    country text NOT NULL,
    city text NOT NULL,
    signed_up_at timestamptz NOT NULL,
    birth_date date,
    tags text[] NOT NULL,
    preferences jsonb NOT NULL,
    last_ip inet
);
COMMENT ON TABLE customers IS 'People who opened an account; invented, all of them';
COMMENT ON COLUMN customers.id IS 'Number of the customer, ascending by day of signing up';
COMMENT ON COLUMN customers.public_id IS 'Identifier shown to the outside, in links and exports';
COMMENT ON COLUMN customers.name IS 'Full name';
COMMENT ON COLUMN customers.email IS 'Email address, unique';
COMMENT ON COLUMN customers.country IS 'ISO 3166 code of the country, two letters';
COMMENT ON COLUMN customers.city IS 'City of the default address';
COMMENT ON COLUMN customers.signed_up_at IS 'When the account was opened';
COMMENT ON COLUMN customers.birth_date IS 'Date of birth; NULL when the customer did not say';
COMMENT ON COLUMN customers.tags IS 'Labels set by marketing, such as vip or newsletter; may be empty';
COMMENT ON COLUMN customers.preferences IS 'Choices made in the account: language, theme, newsletter';
COMMENT ON COLUMN customers.last_ip IS 'Address of the last sign-in; NULL when there was none';

CREATE TABLE products (
    id integer CONSTRAINT products_pkey PRIMARY KEY,
    sku text NOT NULL,
    name text NOT NULL,
    category text NOT NULL,
    price numeric(10, 2) NOT NULL CONSTRAINT products_price_check CHECK (price > 0),
    cost numeric(10, 4) NOT NULL CONSTRAINT products_cost_check CHECK (cost > 0),
    tags text[] NOT NULL,
    attributes jsonb NOT NULL,
    launched_on date NOT NULL,
    is_discontinued boolean NOT NULL
);
COMMENT ON TABLE products IS 'What the shop sells';
COMMENT ON COLUMN products.id IS 'Number of the product';
COMMENT ON COLUMN products.sku IS 'Stock-keeping unit: the article number on the shelf, unique';
COMMENT ON COLUMN products.name IS 'Name in the shop';
COMMENT ON COLUMN products.category IS 'Department that the product belongs to';
COMMENT ON COLUMN products.price IS 'Price in euros, taxes included';
COMMENT ON COLUMN products.cost IS 'What the shop itself pays for one, in euros';
COMMENT ON COLUMN products.tags IS 'Search words; may be empty';
COMMENT ON COLUMN products.attributes IS 'Material, colour and weight';
COMMENT ON COLUMN products.launched_on IS 'First day on sale';
COMMENT ON COLUMN products.is_discontinued IS 'True when no more are bought in; the rest is still sold';

CREATE TABLE orders (
    id bigint CONSTRAINT orders_pkey PRIMARY KEY,
    customer_id integer NOT NULL,
    status order_status NOT NULL,
    ordered_at timestamptz NOT NULL,
    shipped_at timestamptz,
    channel text NOT NULL,
    country text NOT NULL,
    coupon text,
    total numeric(12, 2) NOT NULL CONSTRAINT orders_total_check CHECK (total >= 0),
    CONSTRAINT orders_shipped_at_check CHECK (shipped_at >= ordered_at)
);
COMMENT ON TABLE orders IS 'One row per purchase; those of today run until midnight UTC';
COMMENT ON COLUMN orders.id IS 'Number of the order, ascending in time';
COMMENT ON COLUMN orders.customer_id IS 'Who ordered';
COMMENT ON COLUMN orders.status IS 'Where the order is in its life';
COMMENT ON COLUMN orders.ordered_at IS 'When it was placed';
COMMENT ON COLUMN orders.shipped_at IS 'When it left the warehouse; NULL before that and when cancelled';
COMMENT ON COLUMN orders.channel IS 'Where it came in: web, app or phone';
COMMENT ON COLUMN orders.country IS 'ISO 3166 code of the country it is sent to';
COMMENT ON COLUMN orders.coupon IS 'Coupon that was used; NULL when none was';
COMMENT ON COLUMN orders.total IS 'Sum of the amounts of its lines, in euros';

CREATE TABLE order_lines (
    order_id bigint NOT NULL,
    line_number smallint NOT NULL,
    product_id integer NOT NULL,
    quantity integer NOT NULL CONSTRAINT order_lines_quantity_check CHECK (quantity > 0),
    unit_price numeric(10, 2) NOT NULL,
    discount numeric(10, 2) NOT NULL,
    amount numeric(12, 2) NOT NULL,
    CONSTRAINT order_lines_pkey PRIMARY KEY (order_id, line_number),
    CONSTRAINT order_lines_amount_check CHECK (amount = quantity * unit_price - discount)
);
COMMENT ON TABLE order_lines IS 'What was bought in an order, one row per product';
COMMENT ON COLUMN order_lines.order_id IS 'The order it belongs to';
COMMENT ON COLUMN order_lines.line_number IS 'Place in the order, from 1';
COMMENT ON COLUMN order_lines.product_id IS 'What was bought';
COMMENT ON COLUMN order_lines.quantity IS 'How many';
COMMENT ON COLUMN order_lines.unit_price IS 'Price of one at the time of the order, in euros';
COMMENT ON COLUMN order_lines.discount IS 'What the coupon took off this line, in euros';
COMMENT ON COLUMN order_lines.amount IS 'quantity * unit_price - discount, in euros';

CREATE TABLE refunds (
    id integer CONSTRAINT refunds_pkey PRIMARY KEY,
    order_id bigint NOT NULL,
    reason text NOT NULL,
    amount numeric(12, 2) NOT NULL CONSTRAINT refunds_amount_check CHECK (amount > 0),
    refunded_at timestamptz NOT NULL,
    note text
);
COMMENT ON TABLE refunds IS 'Money given back: about three orders in a hundred, at most one refund each';
COMMENT ON COLUMN refunds.id IS 'Number of the refund, ascending in time';
COMMENT ON COLUMN refunds.order_id IS 'The order that was refunded';
COMMENT ON COLUMN refunds.reason IS 'Why: defective, damaged, wrong item, too late or changed mind';
COMMENT ON COLUMN refunds.amount IS 'How much, in euros; never more than the total of the order';
COMMENT ON COLUMN refunds.refunded_at IS 'When the money was sent';
COMMENT ON COLUMN refunds.note IS 'What the customer wrote; NULL when nothing, and sometimes empty';

CREATE TABLE page_views (
    id bigint CONSTRAINT page_views_pkey PRIMARY KEY,
    session_id uuid NOT NULL,
    customer_id integer,
    viewed_at timestamptz NOT NULL,
    path text NOT NULL,
    product_id integer,
    referrer text,
    device text NOT NULL,
    load_ms real NOT NULL,
    ip inet NOT NULL,
    properties jsonb
);
COMMENT ON TABLE page_views IS 'Every page that a visitor opened in the last 90 days';
COMMENT ON COLUMN page_views.id IS 'Number of the view, ascending by day';
COMMENT ON COLUMN page_views.session_id IS 'The visit it belongs to';
COMMENT ON COLUMN page_views.customer_id IS 'Who it was; NULL when the visitor was not signed in';
COMMENT ON COLUMN page_views.viewed_at IS 'When the page was opened';
COMMENT ON COLUMN page_views.path IS 'Path of the page';
COMMENT ON COLUMN page_views.product_id IS 'The product on the page; NULL on other pages';
COMMENT ON COLUMN page_views.referrer IS 'Site that the visit came from; NULL when typed in or unknown';
COMMENT ON COLUMN page_views.device IS 'desktop, mobile or tablet';
COMMENT ON COLUMN page_views.load_ms IS 'How long the page took to load, in milliseconds';
COMMENT ON COLUMN page_views.ip IS 'Address of the visitor, from the ranges reserved for documentation';
COMMENT ON COLUMN page_views.properties IS 'Campaign and test variant; NULL when there was none';
